//! Which case a message already is: by the hotline's own number, and by what was said where the hotline has
//! given one number to two messages.

use std::collections::{HashMap, HashSet};

use linli_kernel::{Result, Timestamp, params};
use linli_store::{Conn, Tx, Where};

use super::{batch::BatchId, message::Message};
use crate::model::{CaseId, Source};

/// What is here under a number.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct Known {
    pub(super) number: String,
    pub(super) case_id: CaseId,
    pub(super) reported_at: Timestamp,
    pub(super) body: String,
    /// What the row said that brought it; nothing for a case that came another way.
    pub(super) fingerprint: Option<Vec<u8>>,
    /// The import that met it last.
    pub(super) seen_by: Option<BatchId>,
    /// Whether this slice of the table knows it under its number already.
    pub(super) noted: bool,
}

/// What is here under some numbers.
#[derive(Debug, Default)]
pub(super) struct Here {
    by_number: HashMap<String, Vec<Known>>,
    /// Numbers that stand for a case of another number (`NUMBER-2`).
    taken: HashSet<String>,
}

/// Whether a message tells what is here: told at the same time, or in the same words.
fn is_same(known: &Known, message: &Message) -> bool {
    known.reported_at == message.at || known.body == message.text
}

impl Here {
    /// All that is here under a number.
    pub(super) fn under(&self, number: &str) -> &[Known] {
        self.by_number.get(number).map_or(&[], Vec::as_slice)
    }

    /// Whether a new message of this number can have it as it is.
    pub(super) fn is_free(&self, number: &str) -> bool {
        self.under(number).is_empty() && !self.taken.contains(number)
    }

    /// The case that a message is. What says exactly the same wins; else what tells the same and was not
    /// met by `batch` in another row: a corrected row of a later export, and not the second of two rows
    /// that stand in one export under one number.
    pub(super) fn find(
        &mut self,
        message: &Message,
        print: &[u8],
        batch: Option<BatchId>,
    ) -> Option<&mut Known> {
        let all = self.by_number.get_mut(&message.number)?;
        let exact = all.iter().position(|k| k.fingerprint.as_deref() == Some(print));
        let met = |k: &Known| batch.is_some() && k.seen_by == batch;
        let place = exact.or_else(|| all.iter().position(|k| !met(k) && is_same(k, message)))?;
        all.get_mut(place)
    }

    /// Notes that these cases were met, where the database does not: a survey writes nothing.
    pub(super) fn mark(&mut self, number: &str, met: &HashSet<CaseId>, by: BatchId) {
        for known in self.by_number.get_mut(number).into_iter().flatten() {
            if met.contains(&known.case_id) {
                known.seen_by = Some(by);
            }
        }
    }

    /// One more.
    pub(super) fn add(&mut self, known: Known) {
        self.by_number.entry(known.number.clone()).or_default().push(known);
    }
}

/// What is here under any of these numbers: brought by a file or a push, or by a case of the hotline that
/// was opened over the interface for cases.
pub(super) async fn known(conn: &mut Conn, numbers: &[&str]) -> Result<Here> {
    let mut here = Here::default();
    if numbers.is_empty() {
        return Ok(here);
    }
    let mut rows = Where::new();
    rows.any("m.number", numbers);
    let sql = format!(
        "SELECT m.number, m.case_id, m.reported_at, c.body, m.fingerprint, m.seen_by, c.id = m.case_id AS noted
         FROM hotline_message m JOIN case_file c ON c.id = m.case_id{} ORDER BY m.case_id",
        rows.text()
    );
    let found: Vec<Known> = conn.all(&sql, rows.args()).await?;
    for one in found {
        here.add(one);
    }
    let mut rows = Where::new();
    rows.and("c.source = ?", vec![Source::Hotline.into()]).any("c.external", numbers);
    rows.and("m.number IS NULL OR m.number <> c.external", vec![]);
    let sql = format!(
        "SELECT c.external AS number, c.id AS case_id, c.reported_at, c.body, m.fingerprint, m.seen_by,
             m.number IS NOT NULL AS noted
         FROM case_file c LEFT JOIN hotline_message m ON m.case_id = c.id{} ORDER BY c.id",
        rows.text()
    );
    let others: Vec<Known> = conn.all(&sql, rows.args()).await?;
    for other in others {
        if other.noted {
            here.taken.insert(other.number);
        } else {
            here.add(other);
        }
    }
    Ok(here)
}

/// A number under which no other case of the hotline is known: as it is, or with `-2`, `-3` … behind it.
pub(super) async fn free(tx: &mut Tx, number: &str) -> Result<String> {
    let mut candidate = number.to_owned();
    let mut n = 1_u32;
    loop {
        let taken: i64 = tx
            .scalar(
                "SELECT count(*) FROM case_file WHERE source = $1 AND external = $2",
                params![Source::Hotline, &candidate],
            )
            .await?;
        if taken == 0 {
            return Ok(candidate);
        }
        n += 1;
        candidate = format!("{number}-{n}");
    }
}

/// What is noted of a case and its number.
pub(super) struct Note<'a> {
    pub(super) case: CaseId,
    pub(super) number: &'a str,
    pub(super) at: Timestamp,
    /// The import that brought it: an undo takes it back.
    pub(super) brought_by: Option<BatchId>,
    pub(super) fingerprint: Option<Vec<u8>>,
    pub(super) seen_by: Option<BatchId>,
    /// Lines of its timeline that nobody but the import wrote.
    pub(super) entries: i64,
}

/// Notes the number of a case.
pub(super) async fn remember(tx: &mut Tx, note: Note<'_>) -> Result<()> {
    tx.execute(
        "INSERT INTO hotline_message (case_id, number, reported_at, batch_id, entries, fingerprint, seen_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        params![
            note.case,
            note.number,
            note.at,
            note.brought_by,
            note.entries,
            note.fingerprint,
            note.seen_by
        ],
    )
    .await?;
    Ok(())
}

/// Notes that an import has met a case, and what its row said.
pub(super) async fn meet(tx: &mut Tx, known: &mut Known, print: Vec<u8>, batch: BatchId) -> Result<()> {
    if known.fingerprint.as_ref() == Some(&print) && known.seen_by == Some(batch) {
        return Ok(());
    }
    if known.noted {
        tx.execute(
            "UPDATE hotline_message SET fingerprint = $2, seen_by = $3 WHERE case_id = $1",
            params![known.case_id, print.clone(), batch],
        )
        .await?;
    } else {
        let entries: i64 =
            tx.scalar("SELECT entries FROM case_file WHERE id = $1", params![known.case_id]).await?;
        let note = Note {
            case: known.case_id,
            number: &known.number,
            at: known.reported_at,
            brought_by: None,
            fingerprint: Some(print.clone()),
            seen_by: Some(batch),
            entries,
        };
        remember(tx, note).await?;
        known.noted = true;
    }
    known.fingerprint = Some(print);
    known.seen_by = Some(batch);
    Ok(())
}

/// A message whose number another message has: the number, and under which it is known here.
pub type Twin = (String, String);

/// The messages of an import that are known here under another number than the hotline's.
pub async fn twins(conn: &mut Conn, batch: BatchId) -> Result<Vec<Twin>> {
    conn.all(
        "SELECT m.number, c.external FROM hotline_message m JOIN case_file c ON c.id = m.case_id
         WHERE m.batch_id = $1 AND c.external <> m.number ORDER BY m.number, c.external LIMIT 500",
        params![batch],
    )
    .await
}
