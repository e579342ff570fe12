//! The tables of imports. Decides nothing.

use linli_access::{Access, Purpose};
use linli_kernel::{
    Actor, Cursor, Error, FieldError, Page, Result, Timestamp, actor::AccountId, params, text_enum,
};
use linli_store::{Conn, Op, Tx, Where};
use serde::Serialize;

use super::columns::Mapping;

linli_kernel::typed_id! {
    /// One file that was imported.
    BatchId
}

text_enum! {
    /// How far an import is.
    pub enum BatchState {
        /// 待确认: read and shown, nothing written.
        Staged = "staged",
        /// 导入中
        Running = "running",
        /// 已完成
        Done = "done",
        /// 已中止: too much of it is wrong.
        Failed = "failed",
        /// 已撤销
        Undone = "undone",
    }
}

/// An import as its page shows it.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// The file's name.
    pub file: String,
    #[serde(skip)]
    pub(super) headings: String,
    #[serde(skip)]
    pub(super) mapping: String,
    /// How far it is.
    pub state: BatchState,
    /// Rows in all.
    pub total: i64,
    /// Rows done.
    pub done: i64,
    #[serde(skip)]
    pub(super) position: i64,
    /// New cases.
    pub added: i64,
    /// Rows that were already here.
    pub known: i64,
    /// Cases that were here and now have the hotline's reply.
    pub answered: i64,
    /// Rows that are wrong.
    pub faulty: i64,
    /// Cases that were taken back.
    pub removed: i64,
    /// Who.
    pub created_by: String,
    #[serde(skip)]
    pub(super) created_by_id: Option<AccountId>,
    /// When.
    pub created_at: Timestamp,
    /// Over since.
    pub finished_at: Option<Timestamp>,
    /// Why it was taken back.
    pub reason: Option<String>,
}

const COLUMNS: &str =
    "id, file, headings, mapping, state, total, done, position, added, known, answered, faulty, removed,
    created_by, created_by_id, created_at, finished_at, reason";

impl Batch {
    /// The file's headings.
    pub fn headings(&self) -> Result<Vec<String>> {
        serde_json::from_str(&self.headings).map_err(Error::internal)
    }

    /// What each column means.
    pub fn mapping(&self) -> Result<Mapping> {
        serde_json::from_str(&self.mapping).map_err(Error::internal)
    }

    /// Rows done, in per cent.
    pub fn percent(&self) -> i64 {
        self.done * 100 / self.total.max(1)
    }

    /// The one who imports, for the log of what the job writes.
    pub(super) fn author(&self) -> Actor {
        self.created_by_id.map_or(Actor::System, |id| Actor::Account {
            id,
            name: self.created_by.clone(),
            posts: Vec::new(),
        })
    }
}

/// Notes a staged file.
pub(super) async fn insert(
    op: &mut Op,
    id: BatchId,
    file: &str,
    headings: &[String],
    mapping: &Mapping,
    total: i64,
) -> Result<()> {
    let (name, account) = (op.actor.name().to_owned(), op.actor.account());
    op.tx
        .execute(
            "INSERT INTO hotline_batch (id, file, headings, mapping, state, total, created_by, created_by_id, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            params![
                id,
                file,
                serde_json::to_value(headings).map_err(Error::internal)?,
                serde_json::to_value(mapping).map_err(Error::internal)?,
                BatchState::Staged,
                total,
                name,
                account,
                op.now
            ],
        )
        .await?;
    Ok(())
}

/// One import.
pub async fn get(conn: &mut Conn, id: BatchId) -> Result<Batch> {
    conn.one(&format!("SELECT {COLUMNS} FROM hotline_batch WHERE id = $1"), params![id]).await
}

/// One import, kept from others until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, id: BatchId) -> Result<Batch> {
    let lock = tx.dialect("", "FOR UPDATE").to_owned();
    tx.one(&format!("SELECT {COLUMNS} FROM hotline_batch WHERE id = $1 {lock}"), params![id]).await
}

/// Writes how far an import is.
pub(super) async fn save(tx: &mut Tx, batch: &Batch) -> Result<()> {
    tx.execute(
        "UPDATE hotline_batch SET mapping = $2, state = $3, done = $4, position = $5, added = $6, known = $7, answered = $8,
             faulty = $9, removed = $10, finished_at = $11, reason = $12 WHERE id = $1",
        params![
            batch.id,
            &batch.mapping,
            batch.state,
            batch.done,
            batch.position,
            batch.added,
            batch.known,
            batch.answered,
            batch.faulty,
            batch.removed,
            batch.finished_at,
            &batch.reason
        ],
    )
    .await?;
    Ok(())
}

/// Imports, newest first.
pub async fn list(conn: &mut Conn, after: Option<Cursor>, size: usize) -> Result<Page<Batch>> {
    let mut rows = Where::new();
    rows.before("created_at", "id", after);
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT {COLUMNS} FROM hotline_batch{} ORDER BY created_at DESC, id DESC LIMIT {limit}",
        rows.text()
    );
    let found: Vec<Batch> = conn.all(&sql, rows.args()).await?;
    Ok(Page::cut(found, size, |b| Cursor { key: b.created_at.millis(), id: b.id.0 }))
}

/// A row that is wrong.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Its number in the file.
    pub line: i64,
    /// What is wrong.
    pub faults: Vec<FieldError>,
    /// Its cells.
    pub cells: Vec<String>,
}

fn place(batch: BatchId, line: i64) -> String {
    format!("hotline_fault/{batch}/{line}")
}

pub(super) async fn add_fault(tx: &mut Tx, access: &Access, batch: BatchId, fault: &Fault) -> Result<()> {
    let faults: Vec<(&str, &str)> = fault.faults.iter().map(|f| (f.field.as_str(), f.key.as_str())).collect();
    let faults = serde_json::to_string(&faults).map_err(Error::internal)?;
    let cells = serde_json::to_vec(&fault.cells).map_err(Error::internal)?;
    let sealed = access.keyring.seal(Purpose::Reporter, &place(batch, fault.line), &cells)?;
    let sql = "INSERT INTO hotline_fault (batch_id, line, faults, cells) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, params![batch, fault.line, faults, sealed]).await?;
    Ok(())
}

/// The wrong rows of an import, in order, opened: they go back to who brought them.
pub async fn faults(conn: &mut Conn, access: &Access, batch: BatchId, limit: i64) -> Result<Vec<Fault>> {
    let rows: Vec<(i64, String, Vec<u8>)> = conn
        .all(
            "SELECT line, faults, cells FROM hotline_fault WHERE batch_id = $1 ORDER BY line LIMIT $2",
            params![batch, limit],
        )
        .await?;
    rows.into_iter()
        .map(|(line, faults, sealed)| {
            let faults: Vec<(String, String)> = serde_json::from_str(&faults).map_err(Error::internal)?;
            let cells = access.keyring.open(Purpose::Reporter, &place(batch, line), &sealed)?;
            Ok(Fault {
                line,
                faults: faults.into_iter().map(|(f, k)| FieldError::new(f, k)).collect(),
                cells: serde_json::from_slice(&cells).map_err(Error::internal)?,
            })
        })
        .collect()
}

/// Destroys wrong rows of files that came before an instant, at most so many; answers how many.
pub(crate) async fn destroy_faults(tx: &mut Tx, before: Timestamp, most: i64) -> Result<u64> {
    tx.execute(
        "DELETE FROM hotline_fault WHERE (batch_id, line) IN (SELECT f.batch_id, f.line FROM hotline_fault f
             JOIN hotline_batch b ON b.id = f.batch_id WHERE b.created_at < $1 LIMIT $2)",
        params![before, most],
    )
    .await
}

/// Forgets files that were brought before an instant and never imported; answers which.
pub(super) async fn forget_staged(tx: &mut Tx, before: Timestamp, most: i64) -> Result<Vec<BatchId>> {
    let sql = "DELETE FROM hotline_batch WHERE id IN (
                   SELECT id FROM hotline_batch WHERE state = $1 AND created_at < $2 ORDER BY created_at LIMIT $3)
               RETURNING id";
    let gone: Vec<(BatchId,)> = tx.all(sql, params![BatchState::Staged, before, most]).await?;
    Ok(gone.into_iter().map(|(id,)| id).collect())
}
