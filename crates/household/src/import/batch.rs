//! The tables of imports. Decides nothing.

use linli_access::{Access, Purpose};
use linli_kernel::{
    Actor, AreaCode, Cursor, Error, FieldError, Page, Result, Timestamp,
    actor::{AccountId, Post},
    params, text_enum,
};
use linli_store::{Conn, Op, Tx, Where};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::columns::Mapping;
use crate::model::BatchId;

text_enum! {
    /// Where a batch stands.
    pub enum BatchState {
        /// Taken in, nothing written.
        Staged = "staged",
        /// Being written.
        Running = "running",
        /// Written.
        Done = "done",
        /// Given up: too much of it was wrong.
        Failed = "failed",
        /// Taken back.
        Undone = "undone",
    }
}

/// A batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Batch {
    /// Which one.
    pub id: BatchId,
    /// The file's name.
    pub file: String,
    /// Where its people may live.
    pub area: AreaCode,
    #[serde(skip)]
    pub(super) headings: String,
    #[serde(skip)]
    pub(super) mapping: String,
    /// Where it stands.
    pub state: BatchState,
    /// Rows in all.
    pub total: i64,
    /// Rows done.
    pub done: i64,
    #[serde(skip)]
    pub(super) chunk: i64,
    /// People who are new.
    pub added: i64,
    /// People who were known.
    pub known: i64,
    /// Of them moved to where the sheet says.
    pub moved: i64,
    /// Homes that are new.
    pub homes: i64,
    /// Rows that are wrong.
    pub faulty: i64,
    /// People whom an undo has taken back.
    pub removed: i64,
    /// By whom.
    pub created_by: String,
    created_by_id: Option<Uuid>,
    #[serde(skip)]
    posts: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
    /// Why it was taken back.
    pub reason: Option<String>,
}

const COLUMNS: &str = "id, file, area, headings, mapping, state, total, done, chunk, added, known, moved, homes, faulty, removed,
    created_by, created_by_id, posts, created_at, finished_at, reason";

impl Batch {
    /// The first row of the file.
    pub fn headings(&self) -> Result<Vec<String>> {
        serde_json::from_str(&self.headings).map_err(Error::internal)
    }

    /// Which heading stands for which column.
    pub fn mapping(&self) -> Result<Mapping> {
        serde_json::from_str(&self.mapping).map_err(Error::internal)
    }

    /// Whoever brought the file, as they were then.
    pub(super) fn author(&self) -> Result<Actor> {
        let posts: Vec<Post> = serde_json::from_str(&self.posts).map_err(Error::internal)?;
        Ok(match self.created_by_id {
            Some(id) => Actor::Account { id: AccountId(id), name: self.created_by.clone(), posts },
            None => Actor::System,
        })
    }
}

pub(super) async fn insert(
    op: &mut Op,
    id: BatchId,
    name: &str,
    area: &AreaCode,
    headings: &[String],
    mapping: &Mapping,
) -> Result<()> {
    let json = |value: serde_json::Result<String>| value.map_err(Error::internal);
    let values = params![
        id,
        name,
        area,
        json(serde_json::to_string(headings))?,
        json(serde_json::to_string(mapping))?,
        BatchState::Staged,
        op.actor.name(),
        op.actor.account(),
        json(serde_json::to_string(op.actor.posts()))?,
        op.now,
    ];
    op.tx
        .execute(
            "INSERT INTO resident_batch (id, file, area, headings, mapping, state, total, created_by, created_by_id, posts, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, 0, $7, $8, $9, $10)",
            values,
        )
        .await?;
    Ok(())
}

pub(super) async fn set_total(tx: &mut Tx, id: BatchId, total: i64) -> Result<()> {
    tx.execute("UPDATE resident_batch SET total = $2 WHERE id = $1", params![id, total]).await?;
    Ok(())
}

pub(super) async fn add_chunk(tx: &mut Tx, id: BatchId, seq: i64, rows: Vec<u8>) -> Result<()> {
    let sql = "INSERT INTO resident_chunk (batch_id, seq, rows) VALUES ($1, $2, $3)";
    tx.execute(sql, params![id, seq, rows]).await?;
    Ok(())
}

pub(super) async fn chunk(conn: &mut Conn, id: BatchId, seq: i64) -> Result<Option<Vec<u8>>> {
    let sql = "SELECT rows FROM resident_chunk WHERE batch_id = $1 AND seq = $2";
    let found: Option<(Vec<u8>,)> = conn.optional(sql, params![id, seq]).await?;
    Ok(found.map(|(rows,)| rows))
}

pub(super) async fn remove_chunk(tx: &mut Tx, id: BatchId, seq: i64) -> Result<()> {
    tx.execute("DELETE FROM resident_chunk WHERE batch_id = $1 AND seq = $2", params![id, seq]).await?;
    Ok(())
}

pub(super) async fn remove_chunks(tx: &mut Tx, id: BatchId) -> Result<()> {
    tx.execute("DELETE FROM resident_chunk WHERE batch_id = $1", params![id]).await?;
    Ok(())
}

pub(super) async fn forget(tx: &mut Tx, id: BatchId) -> Result<()> {
    remove_chunks(tx, id).await?;
    tx.execute("DELETE FROM resident_batch WHERE id = $1", params![id]).await?;
    Ok(())
}

/// A batch, locked for a change.
pub(super) async fn lock(tx: &mut Tx, id: BatchId) -> Result<Batch> {
    let lock = tx.dialect("", "FOR UPDATE").to_owned();
    tx.one(&format!("SELECT {COLUMNS} FROM resident_batch WHERE id = $1 {lock}"), params![id]).await
}

/// A batch.
pub async fn get(conn: &mut Conn, id: BatchId) -> Result<Batch> {
    conn.one(&format!("SELECT {COLUMNS} FROM resident_batch WHERE id = $1"), params![id]).await
}

/// Batches of an area, the newest first.
pub async fn list(
    conn: &mut Conn,
    areas: &[AreaCode],
    after: Option<Cursor>,
    size: usize,
) -> Result<Page<Batch>> {
    let mut rows = Where::new();
    rows.within("area", areas).before("created_at", "id", after);
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT {COLUMNS} FROM resident_batch{} ORDER BY created_at DESC, id DESC LIMIT {limit}",
        rows.text()
    );
    let found: Vec<Batch> = conn.all(&sql, rows.args()).await?;
    Ok(Page::cut(found, size, |b| Cursor { key: b.created_at.millis(), id: b.id.0 }))
}

/// Writes how far a batch is.
pub(super) async fn save(tx: &mut Tx, batch: &Batch) -> Result<()> {
    tx.execute(
        "UPDATE resident_batch SET mapping = $2, state = $3, done = $4, chunk = $5, added = $6, known = $7, moved = $8, homes = $9,
             faulty = $10, removed = $11, finished_at = $12, reason = $13 WHERE id = $1",
        params![
            batch.id,
            &batch.mapping,
            batch.state,
            batch.done,
            batch.chunk,
            batch.added,
            batch.known,
            batch.moved,
            batch.homes,
            batch.faulty,
            batch.removed,
            batch.finished_at,
            &batch.reason
        ],
    )
    .await?;
    Ok(())
}

/// A row that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its number in the file.
    pub line: i64,
    /// What is wrong.
    pub faults: Vec<FieldError>,
    /// Its cells.
    pub cells: Vec<String>,
}

/// What is wrong, as it is kept: with what the sentence mentions, or from before that was kept. It lies there in
/// clear, so no sentence that is kept mentions anything of a person.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Named {
    Said(String, String, Vec<(String, String)>),
    Bare(String, String),
}

impl Named {
    fn error(self) -> FieldError {
        match self {
            Self::Said(field, key, args) => FieldError { field, key, args },
            Self::Bare(field, key) => FieldError::new(field, key),
        }
    }
}

fn place(id: BatchId, line: i64) -> String {
    format!("resident_fault/{id}/{line}")
}

pub(super) async fn add_fault(
    tx: &mut Tx,
    access: &Access,
    id: BatchId,
    line: i64,
    faults: &[FieldError],
    cells: &[String],
) -> Result<()> {
    let named: Vec<Named> =
        faults.iter().map(|f| Named::Said(f.field.clone(), f.key.clone(), f.args.clone())).collect();
    let json = serde_json::to_vec(cells).map_err(Error::internal)?;
    let sealed = access.keyring.seal(Purpose::Resident, &place(id, line), &json)?;
    let named = serde_json::to_string(&named).map_err(Error::internal)?;
    let sql = "INSERT INTO resident_fault (batch_id, line, faults, cells) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, params![id, line, named, sealed]).await?;
    Ok(())
}

/// The wrong rows of a batch, in order, opened: they go back to who brought them.
pub async fn faults(conn: &mut Conn, access: &Access, id: BatchId, limit: i64) -> Result<Vec<Fault>> {
    let rows: Vec<(i64, String, Vec<u8>)> = conn
        .all(
            "SELECT line, faults, cells FROM resident_fault WHERE batch_id = $1 ORDER BY line LIMIT $2",
            params![id, limit],
        )
        .await?;
    rows.into_iter()
        .map(|(line, faults, sealed)| {
            let named: Vec<Named> = serde_json::from_str(&faults).map_err(Error::internal)?;
            let cells = access.keyring.open(Purpose::Resident, &place(id, line), &sealed)?;
            Ok(Fault {
                line,
                faults: named.into_iter().map(Named::error).collect(),
                cells: serde_json::from_slice(&cells).map_err(Error::internal)?,
            })
        })
        .collect()
}
