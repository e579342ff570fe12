//! Entries as they are kept.

use linli_access::{Access, Purpose};
use linli_kernel::{AreaCode, Result, Timestamp, actor::AccountId, params};
use linli_store::{Conn, Op, Tx};
use uuid::Uuid;

use super::{Act, Entry, Outcome};
use crate::{
    model::{DwellingId, ResidentId},
    store::Seal,
};

const TABLE: &str = "visit_entry";

/// An entry that came up before.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub(super) struct Known {
    pub account_id: AccountId,
    pub dwelling_id: DwellingId,
    pub outcome: Outcome,
    pub fingerprint: String,
}

/// The entry under this id.
pub(super) async fn known(conn: &mut Conn, id: Uuid) -> Result<Option<Known>> {
    let sql = "SELECT account_id, dwelling_id, outcome, fingerprint FROM visit_entry WHERE id = $1";
    conn.optional(sql, params![id]).await
}

/// Who brings it up, and under which content.
pub(super) struct Sender<'a> {
    pub account: AccountId,
    pub name: &'a str,
    pub area: &'a AreaCode,
    pub fingerprint: &'a str,
    /// When it was at the door, bounded by our own clock.
    pub at: Timestamp,
    pub now: Timestamp,
}

/// Claims the id: false if the entry came before. On PostgreSQL a second claim waits for the first to end, on
/// SQLite the write lock does the same.
pub(super) async fn claim(tx: &mut Tx, seal: Seal<'_>, entry: &Entry, by: &Sender<'_>) -> Result<bool> {
    let note = entry.note.trim();
    let note = if note.is_empty() {
        None
    } else {
        Some(seal.seal(Purpose::Resident, TABLE, entry.id, "note", note)?)
    };
    let written = tx
        .execute(
            "INSERT INTO visit_entry (id, account_id, who, dwelling_id, area, act, outcome, fingerprint, at, received_at, note)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING",
            params![
                entry.id, by.account, by.name, entry.dwelling, by.area, entry.act, Outcome::Done, by.fingerprint,
                by.at, by.now, note
            ],
        )
        .await?;
    Ok(written == 1)
}

/// Locks everybody of a home, in one order for all who do.
pub(super) async fn lock_people(tx: &mut Tx, dwelling: DwellingId) -> Result<()> {
    let lock = tx.dialect("", "FOR UPDATE");
    let sql = format!("SELECT id FROM resident WHERE dwelling_id = $1 ORDER BY id {lock}");
    let _: Vec<(ResidentId,)> = tx.all(&sql, params![dwelling]).await?;
    Ok(())
}

/// Writes what became of it.
pub(super) async fn set_outcome(tx: &mut Tx, id: Uuid, outcome: Outcome) -> Result<()> {
    tx.execute("UPDATE visit_entry SET outcome = $2 WHERE id = $1", params![id, outcome]).await?;
    Ok(())
}

/// Destroys notes, photos and all of what came up before an instant; answers how many entries or photos, whichever
/// are more, and the files that nobody may need any more.
pub async fn destroy(op: &mut Op, before: Timestamp, most: i64) -> Result<(u64, Vec<String>)> {
    let tx = &mut op.tx;
    let old = "DELETE FROM visit_photo WHERE id IN (SELECT id FROM visit_photo WHERE received_at < $1 ORDER BY received_at LIMIT $2)
         RETURNING full_blob, small_blob";
    let gone: Vec<(String, String)> = tx.all(old, params![before, most]).await?;
    let photos = gone.len() as u64;
    let files = gone.into_iter().flat_map(|(full, small)| [full, small]).collect();
    let entries = tx
        .execute(
            "DELETE FROM visit_entry WHERE id IN (SELECT id FROM visit_entry WHERE received_at < $1
                 AND id NOT IN (SELECT entry_id FROM visit_photo WHERE entry_id IS NOT NULL) ORDER BY received_at LIMIT $2)",
            params![before, most],
        )
        .await?;
    // The night goes on for as long as either is many.
    Ok((entries.max(photos), files))
}

/// A visit on the household card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Which entry.
    pub id: Uuid,
    /// What was done.
    pub act: Act,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// In words.
    pub note: Option<String>,
    /// Its photos.
    pub photos: Vec<Uuid>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    act: Act,
    at: Timestamp,
    who: String,
    note: Option<Vec<u8>>,
}

/// The latest visits to a home, in two queries. The caller has asked whether the home is in the scope.
pub async fn of_dwelling(conn: &mut Conn, access: &Access, id: DwellingId) -> Result<Vec<Visit>> {
    let sql = "SELECT e.id, e.act, e.at, e.who, e.note FROM visit_entry e
               WHERE e.dwelling_id = $1 AND e.outcome = 'done' AND e.act <> 'seen' ORDER BY e.at DESC, e.id LIMIT 10";
    let rows: Vec<Row> = conn.all(sql, params![id]).await?;
    let sql = "SELECT p.entry_id, p.id FROM visit_photo p JOIN visit_entry e ON e.id = p.entry_id
               WHERE e.dwelling_id = $1 ORDER BY p.received_at, p.id";
    let photos: Vec<(Uuid, Uuid)> = conn.all(sql, params![id]).await?;
    let seal = Seal::new(access);
    rows.into_iter()
        .map(|row| {
            Ok(Visit {
                note: seal.open(Purpose::Resident, TABLE, row.id, "note", row.note.as_deref())?,
                photos: photos.iter().filter(|(of, _)| *of == row.id).map(|(_, id)| *id).collect(),
                id: row.id,
                act: row.act,
                at: row.at,
                who: row.who,
            })
        })
        .collect()
}
