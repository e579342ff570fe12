//! The lines and photos of a case: only ever added.

use linli_kernel::{Error, Result, Timestamp, Value, actor::OrgId, params};
use linli_store::{Conn, Tx};
use uuid::Uuid;

use crate::{model::CaseId, rules::Entry};

/// Who signs a line of the timeline.
pub(crate) struct Signature<'a> {
    pub(crate) name: &'a str,
    pub(crate) org: Option<OrgId>,
}

/// A line of the timeline, with when and by whom.
pub(crate) struct Line<'a> {
    pub(crate) entry: &'a Entry,
    pub(crate) by: &'a Signature<'a>,
    pub(crate) at: Timestamp,
}

/// Adds the lines of a decision to the timeline; answers the place of the last.
pub(crate) async fn add_entries(
    tx: &mut Tx,
    id: CaseId,
    already: i64,
    entries: &[Entry],
    by: &Signature<'_>,
    now: Timestamp,
) -> Result<i64> {
    let lines: Vec<Line<'_>> = entries.iter().map(|entry| Line { entry, by, at: now }).collect();
    add_lines(tx, id, already, &lines).await
}

/// Adds lines of several moments in one statement; answers the place of the last.
pub(crate) async fn add_lines(tx: &mut Tx, id: CaseId, already: i64, lines: &[Line<'_>]) -> Result<i64> {
    write_lines(tx, id, already, lines).await?;
    let count = already + i64::try_from(lines.len()).unwrap_or_default();
    tx.execute("UPDATE case_file SET entries = $2 WHERE id = $1", params![id, count]).await?;
    Ok(count - 1)
}

/// Writes lines; the caller counts them in the row of the case.
pub(super) async fn write_lines(tx: &mut Tx, id: CaseId, already: i64, lines: &[Line<'_>]) -> Result<()> {
    let mut args: Vec<Value> = params![id];
    let mut rows = Vec::new();
    for (seq, Line { entry, by, at }) in (already..).zip(lines) {
        let facts: serde_json::Map<String, serde_json::Value> =
            entry.facts.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
        let who = serde_json::to_string(&entry.by).map_err(Error::internal)?;
        let first = args.len() + 1;
        let marks: Vec<String> = (first..first + 11).map(|n| format!("${n}")).collect();
        rows.push(format!("($1, {})", marks.join(", ")));
        args.extend(params![
            seq,
            *at,
            entry.action,
            who,
            by.name,
            by.org,
            entry.from,
            entry.to,
            entry.public,
            &entry.note,
            serde_json::Value::Object(facts),
        ]);
    }
    if !rows.is_empty() {
        let sql = format!(
            "INSERT INTO case_entry (case_id, seq, at, action, who, name, org_id, from_state, to_state, public, note, facts)
             VALUES {}",
            rows.join(", ")
        );
        tx.defer(&sql, args).await?;
    }
    Ok(())
}

/// One photo of a case, by the names of its two blobs.
pub(crate) struct NewPhoto<'a> {
    pub(crate) id: Uuid,
    pub(crate) seq: i64,
    pub(crate) work: bool,
    pub(crate) full: &'a str,
    pub(crate) small: &'a str,
    pub(crate) public: bool,
}

pub(crate) async fn add_photo(tx: &mut Tx, case: CaseId, photo: NewPhoto<'_>, now: Timestamp) -> Result<()> {
    tx.defer(
        "INSERT INTO case_photo (id, case_id, seq, role, full_blob, small_blob, public, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            photo.id,
            case,
            photo.seq,
            if photo.work { "work" } else { "report" },
            photo.full,
            photo.small,
            photo.public,
            now
        ],
    )
    .await
}

/// How many photos those who work on the case have added.
pub(crate) async fn work_photos(conn: &mut Conn, case: CaseId) -> Result<u32> {
    let n: i64 = conn
        .scalar("SELECT count(*) FROM case_photo WHERE case_id = $1 AND role = 'work'", params![case])
        .await?;
    Ok(u32::try_from(n).unwrap_or(u32::MAX))
}
