//! Wrapped keys in the database.

use linli_kernel::{Result, Timestamp, params};
use linli_store::{Conn, Tx};

use super::{Purpose, Suite};

#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct KeyRow {
    pub n: i64,
    pub purpose: Purpose,
    pub kind: String,
    pub suite: Suite,
    pub master: String,
    pub wrapped: Vec<u8>,
    pub created_at: Timestamp,
}

impl KeyRow {
    /// What the wrapping authenticates: a key copied to another row does not open.
    pub(super) fn place(&self) -> String {
        format!("{}:{}:{}:{}", self.n, self.purpose, self.kind, self.suite)
    }
}

pub(super) async fn all(conn: &mut Conn) -> Result<Vec<KeyRow>> {
    conn.all("SELECT n, purpose, kind, suite, master, wrapped, created_at FROM data_key ORDER BY n", vec![])
        .await
}

/// Two processes that start on an empty database must not both make the first keys.
pub(super) async fn lock(tx: &mut Tx) -> Result<()> {
    let sql =
        tx.dialect("SELECT 1 WHERE 1 = 0", "LOCK TABLE data_key IN SHARE ROW EXCLUSIVE MODE").to_owned();
    tx.execute(&sql, vec![]).await.map(|_| ())
}

pub(super) async fn next(tx: &mut Tx) -> Result<i64> {
    tx.scalar("SELECT coalesce(max(n), 0) + 1 FROM data_key", vec![]).await
}

pub(super) async fn insert(tx: &mut Tx, row: &KeyRow) -> Result<()> {
    tx.execute(
        "INSERT INTO data_key (n, purpose, kind, suite, master, wrapped, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![row.n, row.purpose, &row.kind, row.suite, &row.master, row.wrapped.clone(), row.created_at],
    )
    .await?;
    Ok(())
}

pub(super) async fn rewrap(tx: &mut Tx, row: &KeyRow) -> Result<()> {
    tx.execute(
        "UPDATE data_key SET master = $2, wrapped = $3 WHERE n = $1",
        params![row.n, &row.master, row.wrapped.clone()],
    )
    .await?;
    Ok(())
}
