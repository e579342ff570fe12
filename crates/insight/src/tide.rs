//! The order of changes (变更序号), so that an index in memory knows what it has not seen.
//!
//! Each change takes the next number from one row and holds that row until it commits: numbers become
//! visible in their own order on both engines, and whoever has read up to a number misses nothing.

use linli_kernel::{AreaCode, Result, params};
use linli_store::{Conn, Op, bulk::Insert};
use uuid::Uuid;

use crate::feed::Told;

/// One line of the order.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Change {
    /// The case.
    pub case_id: Uuid,
    /// Its number in the indexes.
    pub n: i64,
    /// The number of its last change.
    pub change: i64,
    /// Whether it stands for itself.
    pub listed: bool,
    /// Where it lies.
    pub area: AreaCode,
}

/// How far the order goes, and which run of numbers it is.
pub(crate) async fn reached(conn: &mut Conn) -> Result<(i64, Option<Uuid>)> {
    conn.one("SELECT n, mark FROM insight_tide WHERE id = 1", vec![]).await
}

/// Takes `many` numbers; answers the one before the first.
async fn take(op: &mut Op, many: usize) -> Result<i64> {
    let mark = op.uuid();
    let many = i64::try_from(many).unwrap_or(i64::MAX);
    let last: i64 = op
        .tx
        .scalar(
            "UPDATE insight_tide SET n = n + $1, mark = coalesce(mark, $2) WHERE id = 1 RETURNING n",
            params![many, mark],
        )
        .await?;
    Ok(last - many)
}

/// Notes that these cases are new or have changed.
pub(crate) async fn note(op: &mut Op, told: &[Told]) -> Result<()> {
    let before = take(op, told.len()).await?;
    let rows = told
        .iter()
        .zip(before + 1..)
        .map(|(case, number)| params![case.id, number, number, case.area.clone(), case.listed])
        .collect();
    let insert = Insert {
        head: "INSERT INTO insight_case (case_id, n, change, area, listed)",
        row: "(?, ?, ?, ?, ?)",
        tail: "ON CONFLICT (case_id) DO UPDATE SET change = excluded.change, area = excluded.area, listed = excluded.listed",
    };
    op.tx.insert(insert, rows).await?;
    Ok(())
}

/// What changed after `seen`, oldest first.
pub(crate) async fn after(conn: &mut Conn, seen: i64, limit: i64) -> Result<Vec<Change>> {
    conn.all(
        "SELECT case_id, n, change, listed, area FROM insight_case WHERE change > $1 ORDER BY change LIMIT $2",
        params![seen, limit],
    )
    .await
}
