//! Numbers that people read: `HC20261123-000123`.

use std::sync::atomic::Ordering;

use linli_kernel::{Error, Result, Timestamp, params};

use crate::{Db, Engine, Tx};

/// Counts up in the running transaction.
const COUNT: &str = "INSERT INTO counter (name, n) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET n = counter.n + 1 RETURNING n";

/// The same in a transaction of its own that does not wait for the disk: see [`next_number`].
const COUNT_ASIDE: &str = "INSERT INTO counter (name, n)
    SELECT $1, 1 FROM (SELECT set_config('synchronous_commit', 'off', true)) AS at_once
    ON CONFLICT (name) DO UPDATE SET n = counter.n + 1 RETURNING n";

fn day(prefix: &str, at: Timestamp) -> String {
    format!("{prefix}{}", at.china_date().format("%Y%m%d"))
}

/// The next number of the day `at` (China time) under `prefix`, for the transaction `tx` on `db`.
///
/// On SQLite it is counted in `tx`: there is one writer anyway, and numbers have no gaps. On PostgreSQL a
/// row that stayed locked until the commit would let one case through at a time, each waiting for the
/// disk; so it is counted aside. A number whose transaction then fails is never given again (a gap). It
/// need not wait for the disk itself: the log is written in order, so a case that is safe has a number
/// that is safe.
pub async fn next_number(db: &Db, tx: &mut Tx, prefix: &str, at: Timestamp) -> Result<String> {
    let day = day(prefix, at);
    let n: i64 = match db.engine() {
        Engine::Sqlite { .. } => tx.scalar(COUNT, params![day.clone()]).await?,
        Engine::Postgres { numbers, .. } => {
            tx.meter.fetch_add(1, Ordering::Relaxed);
            let counted = sqlx::query_scalar(COUNT_ASIDE).bind(&day).fetch_one(numbers).await;
            counted.map_err(Error::internal)?
        }
    };
    Ok(said(&day, n))
}

/// As [`next_number`], counted in `tx` on both engines: for filling a district that nobody else uses yet.
pub async fn next_number_inside(tx: &mut Tx, prefix: &str, at: Timestamp) -> Result<String> {
    let day = day(prefix, at);
    let n = tx.scalar(COUNT, params![day.clone()]).await?;
    Ok(said(&day, n))
}

fn said(day: &str, n: i64) -> String {
    format!("{day}-{n:06}")
}
