//! A file comes in: read and shown first, then written in pieces that are all or nothing, each noting in
//! its own transaction how far the import is; so a killed process goes on where it was, and nothing twice.

use std::{path::Path, sync::Arc};

use linli_access::{Authorise, Target};
use linli_grid::AtlasPort;
use linli_kernel::{Error, FieldError, Result, error::Check, params};
use linli_store::{
    District, Entry, Op,
    outbox::Task,
    worker::{Handler, Handlers, Work},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    batch::{self, Batch, BatchId, BatchState, Fault, Known},
    birth,
    columns::{Mapping, Places},
    message::Message,
    staged,
};
use crate::{model::CaseId, settings::Rulebooks};

/// The outbox kind of one piece of an import.
pub const PIECE: &str = "hotline.piece";
/// The outbox kind of removing a staged copy.
pub const TIDY: &str = "hotline.tidy";
/// Rows of one piece: the write lock is never held long.
const ROWS: usize = 100;
/// With more wrong rows than this the columns are mistaken, and the sheet of faults helps nobody.
const FAULTS: i64 = 5_000;

#[derive(Debug, Serialize, Deserialize)]
struct Piece {
    batch: BatchId,
}

/// Reads a file and notes it, without writing any case. The original may go afterwards. Commits.
pub async fn stage(mut op: Op, source: &Path, name: &str, mapping: Option<Mapping>) -> Result<BatchId> {
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
    let mapping = mapping.unwrap_or_else(|| Mapping::guess(&staged.headings));
    op = Op::begin(district.clone(), &district.db, actor, request).await?;
    batch::insert(&mut op, id, name, &staged.headings, &mapping, staged.total).await?;
    let detail = json!({ "file": name, "rows": staged.total });
    log(&mut op, "hotline.stage", id, detail).await?;
    op.commit().await?;
    Ok(id)
}

/// What an import would do.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// The first rows as they are.
    pub sample: Vec<Vec<String>>,
    /// Messages that are new.
    pub fresh: i64,
    /// Messages that are here already.
    pub known: i64,
    /// Rows with an official reply.
    pub answered: i64,
    /// Rows that are wrong.
    pub faulty: i64,
    /// The first wrong rows.
    pub faults: Vec<Fault>,
}

/// Reads the staged copy through and says what an import would do.
pub async fn survey(district: &Arc<District>, id: BatchId, mapping: &Mapping) -> Result<Survey> {
    let mut conn = district.db.read().await?;
    let noted = batch::get(&mut conn, id).await?;
    let places = mapping.places(&noted.headings()?)?;
    let atlas = district.port::<AtlasPort>()?.get();
    let path = staged::path(district, id.0)?;
    let mut survey = Survey::default();
    let mut seen: std::collections::HashSet<(String, i64)> = std::collections::HashSet::new();
    let mut position = 0;
    loop {
        let file = path.clone();
        let (rows, next) = tokio::task::spawn_blocking(move || staged::read(&file, position, 500))
            .await
            .map_err(Error::internal)??;
        if rows.is_empty() {
            return Ok(survey);
        }
        position = next;
        let mut messages = Vec::new();
        for (line, row) in rows {
            if survey.sample.len() < 8 {
                survey.sample.push(row.iter().map(str::to_owned).collect());
            }
            match Message::read(&row, &places, &atlas, &district.area, district.clock.now()) {
                Ok(message) => messages.push(message),
                Err(faults) => {
                    survey.faulty += 1;
                    if survey.faults.len() < 20 {
                        survey.faults.push(fault(line, faults, &row));
                    }
                }
            }
        }
        let numbers: Vec<&str> = messages.iter().map(|m| m.number.as_str()).collect();
        let here = batch::known(&mut conn, &numbers).await?;
        for message in &messages {
            let same = here.get(&message.number).is_some_and(|all| all.iter().any(|k| is_same(k, message)));
            let again = !seen.insert((message.number.clone(), message.at.millis()));
            if same || again {
                survey.known += 1;
            } else {
                survey.fresh += 1;
            }
            survey.answered += i64::from(message.reply.is_some());
        }
    }
}

fn fault(line: i64, faults: Vec<FieldError>, row: &csv::StringRecord) -> Fault {
    Fault { line, faults, cells: row.iter().map(str::to_owned).collect() }
}

/// Whether a message is what is here under its number: told at the same time, or in the same words.
fn is_same(known: &Known, message: &Message) -> bool {
    known.reported_at == message.at || (known.title == message.title && known.body == message.text)
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
    let book = op.district.port::<Rulebooks>()?.get(&mut op.tx).await?;
    let mut messages = Vec::new();
    for (line, row) in rows {
        match Message::read(row, places, &atlas, &op.district.area, op.now) {
            Ok(message) => messages.push(message),
            Err(faults) => {
                batch.faulty += 1;
                batch::add_fault(&mut op.tx, batch.id, &fault(*line, faults, row)).await?;
            }
        }
    }
    let numbers: Vec<&str> = messages.iter().map(|m| m.number.as_str()).collect();
    let mut here = batch::known(&mut op.tx, &numbers).await?;
    for message in &messages {
        let others = here.entry(message.number.clone()).or_default();
        if let Some(known) = others.iter().find(|k| is_same(k, message)) {
            batch.known += 1;
            batch.answered += i64::from(complete(op, &book, known.case_id, message).await?);
            continue;
        }
        // A number that the hotline has given to two messages.
        let external = match others.len() {
            0 => message.number.clone(),
            n => format!("{}-{}", message.number, n + 1),
        };
        let born = birth::open(op, &atlas, &book, message, &external).await?;
        batch::remember(&mut op.tx, born.id, &message.number, message.at, Some(batch.id), born.entries)
            .await?;
        batch.added += 1;
        others.push(Known {
            number: message.number.clone(),
            case_id: born.id,
            reported_at: message.at,
            title: message.title.clone(),
            body: message.text.clone(),
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

/// A case that an undo left alone, because somebody has worked on it since.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Kept {
    /// The case.
    pub id: CaseId,
    /// Its number.
    pub number: String,
    /// The hotline's number.
    pub external: Option<String>,
    /// One line.
    pub title: String,
}

/// Cases of a batch with which somebody has done something since, or which others hang on. What the clocks
/// did by themselves does not count.
const TOUCHED: &str = "(EXISTS (SELECT 1 FROM case_entry e WHERE e.case_id = m.case_id AND e.seq >= m.entries AND e.who <> '\"system\"')
    OR EXISTS (SELECT 1 FROM case_file t WHERE t.parent = m.case_id OR t.merged_into = m.case_id)
    OR EXISTS (SELECT 1 FROM case_photo p WHERE p.case_id = m.case_id))";

/// Takes the cases of an import back that nobody has touched; answers how many, and the rest. The log keeps
/// what was there and why it went. The caller commits.
pub async fn undo(op: &mut Op, id: BatchId, reason: &str) -> Result<(i64, Vec<Kept>)> {
    op.permit("hotline.import", &Target::at(&op.district.area))?;
    let mut check = Check::new();
    let reason = check.text("reason", reason, 200);
    check.done()?;
    let mut batch = batch::lock(&mut op.tx, id).await?;
    if !matches!(batch.state, BatchState::Done | BatchState::Failed) {
        return Err(Error::Conflict("hotline-batch-not-over"));
    }
    let kept = kept(op, id).await?;
    let untouched =
        format!("SELECT m.case_id FROM hotline_message m WHERE m.batch_id = $1 AND NOT {TOUCHED}");
    let gone: Vec<(String, Option<String>)> = op
        .tx
        .all(
            &format!(
                "SELECT c.number, c.external FROM case_file c WHERE c.id IN ({untouched}) ORDER BY c.number"
            ),
            params![id],
        )
        .await?;
    // The list must not change while its own rows go, so the choice is marked first.
    op.tx
        .execute(
            &format!("UPDATE hotline_message SET entries = -1 WHERE case_id IN ({untouched})"),
            params![id],
        )
        .await?;
    let marked = "SELECT case_id FROM hotline_message WHERE batch_id = $1 AND entries = -1";
    for table in ["case_words", "case_notice", "case_correction", "case_entry", "case_org"] {
        op.tx.execute(&format!("DELETE FROM {table} WHERE case_id IN ({marked})"), params![id]).await?;
    }
    let ids: Vec<(CaseId,)> = op.tx.all(marked, params![id]).await?;
    op.tx.execute("DELETE FROM hotline_message WHERE batch_id = $1 AND entries = -1", params![id]).await?;
    for piece in ids.chunks(500) {
        let mut rows = linli_store::Where::new();
        rows.any("id", &piece.iter().map(|(id,)| *id).collect::<Vec<_>>());
        op.tx.execute(&format!("DELETE FROM case_file{}", rows.text()), rows.args()).await?;
    }
    batch.removed = i64::try_from(gone.len()).map_err(Error::internal)?;
    batch.state = BatchState::Undone;
    batch.reason = Some(reason.clone());
    batch::save(&mut op.tx, &batch).await?;
    for piece in gone.chunks(500) {
        log(op, "hotline.undo", id, json!({ "reason": reason, "removed": piece, "kept": kept.len() }))
            .await?;
    }
    let area = op.district.area.to_string();
    op.announce("case", &area, "");
    Ok((batch.removed, kept))
}

/// The cases of an import that an undo would leave alone.
pub async fn kept(op: &mut Op, id: BatchId) -> Result<Vec<Kept>> {
    let sql = format!(
        "SELECT c.id, c.number, c.external, c.title FROM hotline_message m JOIN case_file c ON c.id = m.case_id
         WHERE m.batch_id = $1 AND {TOUCHED} ORDER BY c.number LIMIT 1000"
    );
    op.tx.all(&sql, params![id]).await
}

async fn log(op: &mut Op, action: &'static str, id: BatchId, detail: serde_json::Value) -> Result<()> {
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

pub(super) fn handlers() -> Handlers {
    Handlers::from([(PIECE, Handler::Inside(piece)), (TIDY, Handler::Outside(tidy))])
}

/// Forgets a staged file that will not be imported. Commits.
pub async fn discard(district: &Arc<District>, id: BatchId) -> Result<()> {
    let mut op = district.op("import").await?;
    op.tx
        .execute("DELETE FROM hotline_batch WHERE id = $1 AND state = $2", params![id, BatchState::Staged])
        .await?;
    log(&mut op, "hotline.discard", id, json!({})).await?;
    op.commit().await?;
    staged::remove(district, id.0)
}
