//! My data (我的信息): what is registered of whoever has proven a phone, who looked at it and why, and what they can
//! do about it themselves. Somebody else's record stays theirs, also in the same household.

mod looks;

use linli_access::{Access, Purpose};
use linli_kernel::{AreaCode, Error, Result, Timestamp, params};
use linli_store::{Conn, Entry, Op};
use serde_json::json;

use crate::{
    claims::{self, ClaimId, Held},
    code::{Code, CodeKind},
    model::{CareKind, DwellingId, Person, ResidentId},
    privacy::request::{self, Request},
    register::{self, News},
    store::{
        Seal, care,
        care::CareMark,
        people::{RESIDENT, Resident},
    },
};

pub use looks::{Look, Way, looks};

/// What is registered of one person.
#[derive(Debug, Clone)]
pub struct Mine {
    /// The row.
    pub resident: Resident,
    /// In clear: it is their own.
    pub person: Person,
    /// Where they live.
    pub address: Option<String>,
    /// Marks of care that count.
    pub care: Vec<CareMark>,
    /// What they asked of their data, the last first.
    pub asked: Vec<Request>,
}

/// The records under a phone: several where a family shares one.
pub async fn people(conn: &mut Conn, access: &Access, held: &Held, now: Timestamp) -> Result<Vec<Mine>> {
    let seal = Seal::new(access);
    let sql = format!("SELECT {RESIDENT} FROM resident r WHERE r.phone_hash = $1 ORDER BY r.n LIMIT 20");
    let mut rows: Vec<Resident> = Vec::new();
    for row in conn.all::<Resident>(&sql, params![held.hash.clone()]).await? {
        if held.owns(&row, now)? {
            rows.push(row);
        }
    }
    let homes: Vec<DwellingId> = rows.iter().filter_map(|r| r.dwelling_id).collect();
    let places = crate::store::places::whereabouts(conn, &homes).await?;
    let mut all = Vec::with_capacity(rows.len());
    for resident in rows {
        let address = places.iter().find(|(id, ..)| Some(*id) == resident.dwelling_id);
        all.push(Mine {
            person: resident.person(seal)?,
            address: address.map(|(_, _, address)| address.clone()),
            care: care::of_resident(conn, resident.id, now).await?,
            asked: request::of_resident(conn, resident.id).await?,
            resident,
        });
    }
    Ok(all)
}

/// The live code at somebody's door, through which they correct what is registered.
pub async fn door(conn: &mut Conn, dwelling: DwellingId) -> Result<Option<Code>> {
    conn.optional(
        "SELECT c.n, c.id, c.kind, c.thing, c.building_id, c.area, c.revoked_at FROM door_code c
         WHERE c.thing = $1 AND c.kind = $2 AND c.revoked_at IS NULL",
        params![dwelling, CodeKind::Dwelling],
    )
    .await
}

/// A record that is one's own, or nothing.
async fn own(op: &mut Op, held: &Held, id: ResidentId) -> Result<AreaCode> {
    let sql = format!("SELECT {RESIDENT} FROM resident r WHERE r.id = $1 AND r.phone_hash = $2");
    let found: Option<Resident> = op.tx.optional(&sql, params![id, held.hash.clone()]).await?;
    let record = found.ok_or(Error::NotFound)?;
    if held.owns(&record, op.now)? { Ok(record.area) } else { Err(Error::NotFound) }
}

/// Takes back the consent to a mark of care: it ends at once. What rests on a duty ends with the duty.
pub async fn withdraw_care(op: &mut Op, held: &Held, id: ResidentId, kind: CareKind) -> Result<()> {
    own(op, held, id).await?;
    let consent: i64 = op
        .tx
        .scalar(
            "SELECT count(*) FROM care_mark WHERE resident_id = $1 AND kind = $2 AND ended_at IS NULL AND basis = 'consent'",
            params![id, kind],
        )
        .await?;
    if consent == 0 {
        return Err(Error::Conflict("mine-care-duty"));
    }
    let mut news = News::new();
    register::end_care(op, &mut news, id, kind, "withdrawn").await?;
    news.publish(op).await
}

/// Asks for one's own record to be erased (删除): a request with a clock, answered by the register. The caller commits.
pub async fn ask_erasure(op: &mut Op, held: &Held, id: ResidentId, note: &str) -> Result<()> {
    own(op, held, id).await?;
    request::ask(op, id, request::Kind::Erasure, note).await?;
    Ok(())
}

/// Takes back a form that nobody has decided about.
pub async fn withdraw_form(op: &mut Op, held: &Held, id: ClaimId) -> Result<()> {
    let waiting = claims::mine_waiting(&mut op.tx, &held.hash).await?;
    let claim = waiting.into_iter().find(|c| c.id == id).ok_or(Error::NotFound)?;
    claims::withdraw(op, claim.id).await
}

/// One's own records as a sheet, numbers in clear; noted in the log. The caller commits.
pub async fn export(op: &mut Op, held: &Held) -> Result<Vec<Mine>> {
    let access = op.district.port::<Access>()?;
    let now = op.now;
    let all = people(&mut op.tx, &access, held, now).await?;
    for mine in &all {
        op.log(Entry {
            action: "mine.export",
            subject: "resident",
            subject_id: mine.resident.id.to_string(),
            area: mine.resident.area.clone(),
            detail: json!({}),
        })
        .await?;
    }
    Ok(all)
}

/// Ends the proof of a phone on this browser.
pub async fn leave(op: &mut Op, token: &str) -> Result<()> {
    let access = op.district.port::<Access>()?;
    let kept = access.keyring.lookup(Purpose::Resident, &format!("session/{token}"))?;
    op.tx
        .execute("UPDATE phone_proof SET session_until = $2 WHERE session = $1", params![kept, op.now])
        .await?;
    Ok(())
}
