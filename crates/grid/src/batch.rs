//! Uploaded files between the look and the import.

use linli_kernel::{Error, Result, Timestamp, params, typed_id};
use linli_store::{Conn, Tx};
use uuid::Uuid;

use crate::{
    geometry::Datum,
    import::{Kind, Upload},
};

typed_id! {
    /// An uploaded file (导入批次).
    BatchId
}

/// How long a file that nobody imported is kept.
const KEPT_MS: i64 = 7 * 24 * 3_600_000;

/// A batch in the list.
#[derive(Debug, Clone, serde::Serialize, sqlx::FromRow)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// What it brings.
    pub kind: Kind,
    /// Name of the file.
    pub file_name: String,
    /// Who uploaded it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was imported, if it was.
    pub applied_at: Option<Timestamp>,
    /// Rows that added something.
    pub added: i64,
    /// Rows that changed something.
    pub changed: i64,
}

const COLUMNS: &str = "id, kind, file_name, created_by, created_at, applied_at, added, changed";

/// Keeps a file; forgets those that nobody imported for a week.
pub async fn keep(tx: &mut Tx, id: BatchId, file: &Upload, by: &str, now: Timestamp) -> Result<()> {
    tx.execute(
        "DELETE FROM import_batch WHERE applied_at IS NULL AND created_at < $1",
        params![now.millis() - KEPT_MS],
    )
    .await?;
    tx.execute(
        "INSERT INTO import_batch (id, kind, file_name, content, datum, created_by, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![id, file.kind, &file.name, file.bytes.clone(), file.datum, by, now],
    )
    .await?;
    Ok(())
}

/// The batch, for its page.
pub async fn get(conn: &mut Conn, id: BatchId) -> Result<Batch> {
    conn.one(&format!("SELECT {COLUMNS} FROM import_batch WHERE id = $1"), params![id]).await
}

/// The latest ones.
pub async fn latest(conn: &mut Conn) -> Result<Vec<Batch>> {
    let sql = format!("SELECT {COLUMNS} FROM import_batch ORDER BY created_at DESC, id DESC LIMIT 10");
    conn.all(&sql, vec![]).await
}

/// The file of a batch that still waits.
pub async fn file(conn: &mut Conn, id: BatchId) -> Result<Upload> {
    let row: (Kind, String, Option<Vec<u8>>, Datum, Option<i64>) = conn
        .one(
            "SELECT kind, file_name, content, datum, applied_at FROM import_batch WHERE id = $1",
            params![id],
        )
        .await?;
    let (kind, name, content, datum, applied) = row;
    match content {
        Some(bytes) if applied.is_none() => Ok(Upload { kind, name, bytes, datum }),
        _ => Err(Error::Conflict("grid-error-import-done")),
    }
}

/// Notes that it was imported; its content is not needed any more.
pub async fn done(tx: &mut Tx, id: BatchId, added: usize, changed: usize, now: Timestamp) -> Result<()> {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let rows = tx
        .execute(
            "UPDATE import_batch SET applied_at = $2, added = $3, changed = $4, content = NULL
             WHERE id = $1 AND applied_at IS NULL",
            params![id, now, count(added), count(changed)],
        )
        .await?;
    if rows == 1 { Ok(()) } else { Err(Error::Conflict("grid-error-import-done")) }
}

/// Forgets a batch that was not imported.
pub async fn forget(tx: &mut Tx, id: BatchId) -> Result<()> {
    tx.execute("DELETE FROM import_batch WHERE id = $1 AND applied_at IS NULL", params![id]).await?;
    Ok(())
}

/// A fresh id.
pub const fn id(fresh: Uuid) -> BatchId {
    BatchId(fresh)
}
