//! A file comes in: read and shown first, then written in pieces that are all or nothing, each noting in
//! its own transaction how far the import is; so a killed process goes on where it was, and nothing twice.

use std::{path::Path, sync::Arc, time::Duration};

use linli_access::{Access, Authorise, Target};
use linli_grid::AtlasPort;
use linli_kernel::{Error, FieldError, Result, params};
use linli_store::{
    District, Entry, Op,
    outbox::Task,
    worker::{Handler, Handlers, Work},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use super::survey::{FAULTS_MOST, Survey, survey, survey_with};
use super::{
    batch::{self, Batch, BatchId, BatchState, Fault},
    birth,
    columns::{Mapping, Places},
    known::{self, Known, Note},
    message::Message,
    staged,
};
use crate::{model::CaseId, settings::Rulebooks};

/// The outbox kind of one piece of an import.
pub const PIECE: &str = "hotline.piece";
/// The outbox kind of removing a staged copy.
pub const TIDY: &str = "hotline.tidy";
/// The outbox kind of forgetting files that nobody imported.
pub const FORGET: &str = "hotline.forget";
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// Files forgotten in one turn.
const FORGOTTEN: i64 = 100;
/// Rows of one piece: the write lock is never held long.
const ROWS: usize = 100;
/// Rows that are shown before an import.
pub(super) const SAMPLE: usize = 8;
/// With more wrong rows than this the columns are mistaken, and the sheet of faults helps nobody.
const FAULTS: i64 = 5_000;

#[derive(Debug, Serialize, Deserialize)]
struct Piece {
    batch: BatchId,
}

/// Reads a file and notes it, without writing any case. The original may go afterwards. Commits.
///
/// A column of `preset` that the file does not have is guessed, like all of them where there is no preset.
pub async fn stage(mut op: Op, source: &Path, name: &str, preset: Option<Mapping>) -> Result<BatchId> {
    op.permit("hotline.import", &Target::at(&op.district.area))?;
    let id = BatchId(op.uuid());
    let district = op.district.clone();
    let (from, to) = (source.to_owned(), staged::path(&district, id.0)?);
    // The transaction was only for the question; a long file must not keep writers waiting.
    let Op { actor, request, tx, .. } = op;
    drop(tx);
    let staged =
        tokio::task::spawn_blocking(move || staged::stage(&from, &to)).await.map_err(Error::internal)?;
    let staged = match staged {
        Ok(staged) => staged,
        Err(error) => {
            staged::remove(&district, id.0)?;
            return Err(error);
        }
    };
    let mapping =
        preset.map_or_else(|| Mapping::guess(&staged.headings), |preset| preset.fitted(&staged.headings));
    op = Op::begin(district.clone(), &district.db, actor, request).await?;
    batch::insert(&mut op, id, name, &staged.headings, &mapping, staged.total).await?;
    let detail = json!({ "file": name, "rows": staged.total });
    log(&mut op, "hotline.stage", id, detail).await?;
    op.commit().await?;
    Ok(id)
}

/// The first rows of a staged file as they are, so that a person sees which column is what.
pub async fn first_rows(district: &Arc<District>, id: BatchId) -> Result<Vec<Vec<String>>> {
    let file = staged::path(district, id.0)?;
    let (rows, _) = tokio::task::spawn_blocking(move || staged::read(&file, 0, SAMPLE))
        .await
        .map_err(Error::internal)??;
    Ok(rows.iter().map(|(_, row)| row.iter().map(str::to_owned).collect()).collect())
}

pub(super) fn fault(line: i64, faults: Vec<FieldError>, row: &csv::StringRecord) -> Fault {
    Fault { line, faults, cells: row.iter().map(str::to_owned).collect() }
}

/// Begins to write. The worker of any process goes on with it; the caller commits.
pub async fn start(op: &mut Op, id: BatchId, mapping: Mapping) -> Result<()> {
    op.permit("hotline.import", &Target::at(&op.district.area))?;
    let mut batch = batch::lock(&mut op.tx, id).await?;
    if batch.state != BatchState::Staged {
        return Err(Error::Conflict("hotline-batch-begun"));
    }
    mapping.places(&batch.headings()?)?;
    batch.mapping = serde_json::to_string(&mapping).map_err(Error::internal)?;
    batch.state = BatchState::Running;
    batch::save(&mut op.tx, &batch).await?;
    let detail = json!({ "file": batch.file, "rows": batch.total, "mapping": mapping });
    log(op, "hotline.import", id, detail).await?;
    op.emit(PIECE, &Piece { batch: id }).await
}

/// Writes the next piece; answers the batch afterwards. The caller commits.
pub async fn step(op: &mut Op, id: BatchId) -> Result<Batch> {
    let mut batch = batch::lock(&mut op.tx, id).await?;
    if batch.state != BatchState::Running {
        return Ok(batch);
    }
    let path = staged::path(&op.district, id.0)?;
    let from = batch.position;
    let (rows, next) = tokio::task::spawn_blocking(move || staged::read(&path, from, ROWS))
        .await
        .map_err(Error::internal)??;
    batch.position = next;
    op.actor = batch.author();
    let places = batch.mapping()?.places(&batch.headings()?)?;
    write(op, &mut batch, &places, &rows).await?;
    batch.done += i64::try_from(rows.len()).map_err(Error::internal)?;
    if batch.faulty > FAULTS {
        batch.state = BatchState::Failed;
    } else if rows.len() < ROWS {
        batch.state = BatchState::Done;
    }
    if batch.state != BatchState::Running {
        batch.finished_at = Some(op.now);
        let detail = json!({ "added": batch.added, "known": batch.known, "answered": batch.answered, "faulty": batch.faulty });
        log(op, "hotline.import_end", id, detail).await?;
        op.emit(TIDY, &Piece { batch: id }).await?;
    }
    batch::save(&mut op.tx, &batch).await?;
    let area = op.district.area.to_string();
    op.announce("hotline", &area, id);
    op.announce("case", &area, "");
    Ok(batch)
}

async fn write(op: &mut Op, batch: &mut Batch, places: &Places, rows: &[staged::Numbered]) -> Result<()> {
    let atlas = op.district.port::<AtlasPort>()?.get();
    let access = op.district.port::<Access>()?;
    let book = op.district.port::<Rulebooks>()?.get(&mut op.tx).await?;
    let mut messages = Vec::new();
    for (line, row) in rows {
        match Message::read(row, places, &atlas, &op.district.area, op.now) {
            Ok(message) => messages.push(message),
            Err(faults) => {
                batch.faulty += 1;
                batch::add_fault(&mut op.tx, &access, batch.id, &fault(*line, faults, row)).await?;
            }
        }
    }
    let numbers: Vec<&str> = messages.iter().map(|m| m.number.as_str()).collect();
    let mut here = known::known(&mut op.tx, &numbers).await?;
    for message in &messages {
        let print = message.fingerprint()?;
        if let Some(known) = here.find(message, &print, Some(batch.id)) {
            known::meet(&mut op.tx, known, print, batch.id).await?;
            let case = known.case_id;
            batch.known += 1;
            batch.answered += i64::from(complete(op, &book, case, message).await?);
            continue;
        }
        // A number that the hotline has given to two messages, or that is another case's `NUMBER-2`.
        let external = if here.is_free(&message.number) {
            message.number.clone()
        } else {
            known::free(&mut op.tx, &message.number).await?
        };
        let born = birth::open(op, &atlas, &book, message, &external).await?;
        let note = Note {
            case: born.id,
            number: &message.number,
            at: message.at,
            brought_by: Some(batch.id),
            fingerprint: Some(print.clone()),
            seen_by: Some(batch.id),
            entries: born.entries,
        };
        known::remember(&mut op.tx, note).await?;
        batch.added += 1;
        here.add(Known {
            number: message.number.clone(),
            case_id: born.id,
            reported_at: message.at,
            body: message.text.clone(),
            fingerprint: Some(print),
            seen_by: Some(batch.id),
            noted: true,
        });
    }
    Ok(())
}

/// A message that is here may have been answered since.
async fn complete(
    op: &mut Op,
    book: &crate::settings::Rulebook,
    id: CaseId,
    message: &Message,
) -> Result<bool> {
    let Some((reply, at)) = &message.reply else { return Ok(false) };
    let Some(entries) = birth::reply(op, book, id, reply, *at).await? else { return Ok(false) };
    op.tx.execute("UPDATE hotline_message SET entries = $2 WHERE case_id = $1", params![id, entries]).await?;
    Ok(true)
}

pub(super) async fn log(
    op: &mut Op,
    action: &'static str,
    id: BatchId,
    detail: serde_json::Value,
) -> Result<()> {
    let area = op.district.area.clone();
    op.log(Entry { action, subject: "hotline_batch", subject_id: id.to_string(), area, detail }).await
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

fn tidy(district: Arc<District>, task: Task) -> Work<'static> {
    Box::pin(async move {
        let piece: Piece = serde_json::from_str(&task.payload).map_err(Error::internal)?;
        staged::remove(&district, piece.batch.0)
    })
}

/// A file that nobody imported within a day goes, with its copy: it holds names and phones in clear.
fn forget(op: &mut Op) -> Work<'_> {
    Box::pin(async move {
        let before = op.now.minus(DAY);
        for id in batch::forget_staged(&mut op.tx, before, FORGOTTEN).await? {
            log(op, "hotline.discard", id, json!({ "reason": "not imported within a day" })).await?;
            op.emit(TIDY, &Piece { batch: id }).await?;
        }
        Ok(())
    })
}

pub(super) fn handlers() -> Handlers {
    Handlers::from([
        (PIECE, Handler::Inside(piece)),
        (TIDY, Handler::Outside(tidy)),
        (FORGET, Handler::Every(HOUR, forget)),
    ])
}

/// Forgets a staged file that will not be imported. Commits.
///
/// # Errors
///
/// A conflict once its import has begun: what is being read stays.
pub async fn discard(district: &Arc<District>, id: BatchId, mut op: Op) -> Result<()> {
    op.permit("hotline.import", &Target::at(&op.district.area))?;
    batch::get(&mut op.tx, id).await?;
    let sql = "DELETE FROM hotline_batch WHERE id = $1 AND state = $2";
    if op.tx.execute(sql, params![id, BatchState::Staged]).await? == 0 {
        return Err(Error::Conflict("hotline-batch-begun"));
    }
    log(&mut op, "hotline.discard", id, json!({})).await?;
    op.commit().await?;
    staged::remove(district, id.0)
}
