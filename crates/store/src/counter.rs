//! Numbers that people read: `HC20261123-000123`.

use linli_kernel::{Result, Timestamp, params};

use crate::Tx;

/// The next number of the day `at` (China time) under `prefix`.
///
/// The counter row stays locked until the transaction ends, so numbers have no gaps: take the
/// number as late in the transaction as you can.
pub async fn next_number(tx: &mut Tx, prefix: &str, at: Timestamp) -> Result<String> {
    let day = format!("{prefix}{}", at.china_date().format("%Y%m%d"));
    let n: i64 = tx
        .scalar(
            "INSERT INTO counter (name, n) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1 RETURNING n",
            params![day.clone()],
        )
        .await?;
    Ok(format!("{day}-{n:06}"))
}

/// Reserves `count` numbers at once (imports); answers the first sequence value.
pub async fn reserve(tx: &mut Tx, prefix: &str, at: Timestamp, count: i64) -> Result<i64> {
    let day = format!("{prefix}{}", at.china_date().format("%Y%m%d"));
    let last: i64 = tx
        .scalar(
            "INSERT INTO counter (name, n) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET n = counter.n + $2 RETURNING n",
            params![day, count],
        )
        .await?;
    Ok(last - count + 1)
}
