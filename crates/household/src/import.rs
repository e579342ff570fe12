//! Residents from a sheet (批量导入): staged sealed, looked through, written chunk by chunk, undone as one.
//!
//! A chunk is one transaction that also notes how far the batch is; so a killed process goes on where it was,
//! and nothing twice. Wrong rows are kept, sealed, to be given back as the same sheet with what is wrong.

mod batch;
mod blank;
mod columns;
mod file;
mod grids;
mod land;
mod row;
mod survey;
mod undo;

use std::sync::Arc;

use linli_access::{Access, Authorise as _, Purpose, Target};
use linli_grid::AtlasPort;
use linli_kernel::{AreaCode, Error, FieldError, Result, Timestamp};
use linli_store::{
    Conn, District, Entry, Op,
    outbox::Task,
    worker::{Handler, Handlers, Work},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use batch::{Batch, BatchState, Fault, faults, get, list};
pub use blank::blank;
pub use columns::{Column, Mapping};
pub use file::{FaultSheet, Lines, fault_sheet, open, what};
pub use row::Row;
pub use survey::{Survey, survey, wrong_rows};
pub use undo::undo;

use crate::{bulk, model::BatchId, register::News};
use land::Land;
use row::Reader;

/// The outbox kind of one chunk of an import.
pub const PIECE: &str = "household.import";
/// Rows of one chunk: large enough to be quick, small enough not to keep writers waiting.
pub const CHUNK: usize = 4_000;
/// With more wrong rows than this the columns are mistaken, and the sheet of faults helps nobody.
pub const FAULTS: i64 = 20_000;

/// A row of the file: its number there, and its cells.
pub type Line = (u64, Vec<String>);

#[derive(Debug, Serialize, Deserialize)]
struct Piece {
    batch: BatchId,
}

/// The place in the database that a sealed chunk belongs to.
fn chunk_place(id: BatchId, seq: i64) -> String {
    format!("resident_chunk/{id}/{seq}")
}

/// Takes a file's rows in and notes the batch, without writing anybody. Commits, several times for a long file; of one
/// that breaks half-way nothing stays.
pub async fn stage(
    mut op: Op,
    name: &str,
    headings: &[String],
    mapping: Option<Mapping>,
    rows: impl Iterator<Item = Result<Line>>,
) -> Result<BatchId> {
    let area = place_of(&op)?;
    op.permit("household.import", &Target::at(&area))?;
    let id = BatchId(op.uuid());
    let mapping = mapping.unwrap_or_else(|| Mapping::guess(headings));
    batch::insert(&mut op, id, name, &area, headings, &mapping).await?;
    let (district, actor, request) = (op.district.clone(), op.actor.clone(), op.request.clone());
    let broken = match fill(op, id, name, &area, rows).await {
        Ok(()) => return Ok(id),
        Err(error) => error,
    };
    let mut op = Op::begin(district.clone(), &district.db, actor, request).await?;
    batch::forget(&mut op.tx, id).await?;
    op.commit().await?;
    Err(broken)
}

/// The rows of a batch, sealed; how many they are is written last.
async fn fill(
    mut op: Op,
    id: BatchId,
    name: &str,
    area: &AreaCode,
    rows: impl Iterator<Item = Result<Line>>,
) -> Result<()> {
    let access = op.district.port::<Access>()?;
    let (district, actor, request) = (op.district.clone(), op.actor.clone(), op.request.clone());
    let (mut seq, mut total, mut waiting) = (0, 0, Vec::with_capacity(CHUNK));
    let mut rows = rows.peekable();
    while let Some(row) = rows.next() {
        waiting.push(row?);
        if waiting.len() < CHUNK && rows.peek().is_some() {
            continue;
        }
        total += i64::try_from(waiting.len()).map_err(Error::internal)?;
        let json = serde_json::to_vec(&waiting).map_err(Error::internal)?;
        let sealed = access.keyring.seal(Purpose::Resident, &chunk_place(id, seq), &json)?;
        batch::add_chunk(&mut op.tx, id, seq, sealed).await?;
        seq += 1;
        waiting.clear();
        // A long file must not keep writers waiting.
        if seq % 8 == 0 {
            op.commit().await?;
            op = Op::begin(district.clone(), &district.db, actor.clone(), request.clone()).await?;
        }
    }
    if total == 0 {
        return Err(Error::field("file", "error-sheet-empty"));
    }
    batch::set_total(&mut op.tx, id, total).await?;
    log(&mut op, "household.stage", id, area, json!({ "file": name, "rows": total })).await?;
    op.commit().await
}

/// Where somebody may import: the largest of their own areas.
fn place_of(op: &Op) -> Result<AreaCode> {
    let scope = op.scope("household.import")?;
    Ok(scope.areas.first().cloned().unwrap_or_else(|| op.district.area.clone()))
}

/// The rows of a chunk; none behind the last.
async fn lines(conn: &mut Conn, access: &Access, id: BatchId, seq: i64) -> Result<Vec<Line>> {
    let Some(sealed) = batch::chunk(conn, id, seq).await? else { return Ok(Vec::new()) };
    let json = access.keyring.open(Purpose::Resident, &chunk_place(id, seq), &sealed)?;
    serde_json::from_slice(&json).map_err(Error::internal)
}

async fn chunk(op: &mut Op, batch: &Batch) -> Result<Vec<Line>> {
    let access = op.district.port::<Access>()?;
    lines(&mut op.tx, &access, batch.id, batch.chunk).await
}

fn as_line(line: u64) -> i64 {
    i64::try_from(line).unwrap_or(i64::MAX)
}

fn reader(district: &District, batch: &Batch, mapping: &Mapping, now: Timestamp) -> Result<Reader> {
    let atlas = district.port::<AtlasPort>()?.get();
    Reader::new(&atlas, batch, mapping, now)
}

/// Begins to write. The worker of any process goes on with it; the caller commits.
pub async fn start(op: &mut Op, id: BatchId, mapping: &Mapping) -> Result<()> {
    let mut batch = batch::lock(&mut op.tx, id).await?;
    op.permit("household.import", &Target::at(&batch.area))?;
    if batch.state != BatchState::Staged {
        return Err(Error::Conflict("household-batch-begun"));
    }
    // Whoever read it in died, or has not come to its end yet.
    if batch.total == 0 {
        return Err(Error::Conflict("household-batch-unread"));
    }
    reader(&op.district, &batch, mapping, op.now)?;
    batch.mapping = serde_json::to_string(mapping).map_err(Error::internal)?;
    batch.state = BatchState::Running;
    batch::save(&mut op.tx, &batch).await?;
    let detail = json!({ "file": batch.file, "rows": batch.total, "mapping": mapping });
    log(op, "household.import", id, &batch.area, detail).await?;
    op.emit(PIECE, &Piece { batch: id }).await
}

/// Writes the next chunk; answers the batch afterwards. The caller commits.
pub async fn step(op: &mut Op, id: BatchId) -> Result<Batch> {
    let mut batch = batch::lock(&mut op.tx, id).await?;
    if batch.state != BatchState::Running {
        return Ok(batch);
    }
    op.actor = batch.author()?;
    let access = op.district.port::<Access>()?;
    let reader = reader(&op.district, &batch, &batch.mapping()?, op.now)?;
    let lines = chunk(op, &batch).await?;
    let read = lines.len();
    let mut rows = Vec::with_capacity(read);
    for (line, cells) in lines {
        match reader.read(line, &cells) {
            Ok(row) => rows.push(row),
            Err(faults) => keep(op, &access, &mut batch, line, &faults, &cells).await?,
        }
    }
    let mut land = Land::of(op, &access, rows, batch.created_at).await?;
    let load = std::mem::take(&mut land.load);
    batch.added += i64::try_from(load.residents.len()).map_err(Error::internal)?;
    batch.homes += i64::try_from(load.dwellings.len()).map_err(Error::internal)?;
    let mut news = News::new();
    let sealed = bulk::seal(access.clone(), load, Some(id), op.now).await?;
    bulk::insert(op, sealed, Some(id), &mut news).await?;
    let merged = land.merge(op, &mut news).await?;
    batch.known += merged.known;
    batch.moved += merged.moved;
    for (line, faults, cells) in merged.faults {
        keep(op, &access, &mut batch, line, &faults, &cells).await?;
    }
    batch::remove_chunk(&mut op.tx, id, batch.chunk).await?;
    batch.chunk += 1;
    batch.done += i64::try_from(read).map_err(Error::internal)?;
    if batch.faulty > FAULTS {
        batch.state = BatchState::Failed;
    } else if batch.done >= batch.total || read == 0 {
        batch.state = BatchState::Done;
    }
    if batch.state != BatchState::Running {
        batch.finished_at = Some(op.now);
        batch::remove_chunks(&mut op.tx, id).await?;
        let detail = json!({ "added": batch.added, "known": batch.known, "faulty": batch.faulty });
        log(op, "household.import_end", id, &batch.area, detail).await?;
    }
    batch::save(&mut op.tx, &batch).await?;
    // The feed's numbers come last.
    news.publish(op).await?;
    Ok(batch)
}

/// Keeps a wrong row, sealed.
async fn keep(
    op: &mut Op,
    access: &Access,
    batch: &mut Batch,
    line: u64,
    faults: &[FieldError],
    cells: &[String],
) -> Result<()> {
    batch.faulty += 1;
    batch::add_fault(&mut op.tx, access, batch.id, as_line(line), faults, cells).await
}

async fn log(
    op: &mut Op,
    action: &'static str,
    id: BatchId,
    area: &AreaCode,
    detail: serde_json::Value,
) -> Result<()> {
    let area = area.clone();
    op.log(Entry { action, subject: "resident_batch", subject_id: id.to_string(), area, detail }).await
}

fn piece<'a>(op: &'a mut Op, task: &'a Task) -> Work<'a> {
    Box::pin(async move {
        let piece: Piece = serde_json::from_str(&task.payload).map_err(Error::internal)?;
        let batch = step(op, piece.batch).await?;
        if batch.state == BatchState::Running {
            op.emit(PIECE, &piece).await?;
        }
        Ok(())
    })
}

/// The jobs of imports.
pub(crate) fn handlers() -> Handlers {
    Handlers::from([(PIECE, Handler::Inside(piece))])
}

/// Forgets a staged batch that will not be imported. The caller commits.
pub async fn discard(op: &mut Op, id: BatchId) -> Result<()> {
    let batch = batch::lock(&mut op.tx, id).await?;
    op.permit("household.import", &Target::at(&batch.area))?;
    if batch.state != BatchState::Staged {
        return Err(Error::Conflict("household-batch-begun"));
    }
    batch::forget(&mut op.tx, id).await?;
    log(op, "household.discard", id, &batch.area, json!({ "file": batch.file })).await
}

/// Runs a started batch to its end in this process (the command line). Answers the batch after each chunk.
pub async fn run(district: &Arc<District>, id: BatchId, mut told: impl FnMut(&Batch)) -> Result<Batch> {
    loop {
        let mut op = district.op("import residents").await?;
        let batch = step(&mut op, id).await?;
        op.commit().await?;
        told(&batch);
        if batch.state != BatchState::Running {
            return Ok(batch);
        }
    }
}
