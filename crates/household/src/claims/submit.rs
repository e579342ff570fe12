//! A resident sends the form: it becomes an entry of the queue, or the next version of their own.

use std::time::Duration;

use linli_access::Access;
use linli_kernel::{Error, FieldError, Result, Timestamp, error::Check, params};
use linli_store::{Conn, Entry, Op, Tx, Where};
use serde_json::json;

use super::{
    Claim, ClaimId, ClaimKind, ClaimState, Conflict, Content, Held, NewClaim,
    compare::{Ground, Others, beside, rivals},
    model::joined,
    store,
};
use crate::{
    code::{Code, CodeKind},
    model::{DwellingId, Facts, ResidentId},
    rules::Address,
    store::{
        Seal,
        people::{RESIDENT, Resident},
        places,
    },
};

/// The most people of one home in one form.
pub(crate) const MEMBERS: usize = 12;

/// The people whom a proven phone may see at a home: everybody of the households in which it is somebody's own.
pub async fn own(
    conn: &mut Conn,
    dwelling: DwellingId,
    held: Option<&Held>,
    now: Timestamp,
) -> Result<Vec<Resident>> {
    let Some(held) = held else { return Ok(Vec::new()) };
    let sql = format!("SELECT {RESIDENT} FROM resident r WHERE r.dwelling_id = $1 AND r.phone_hash = $2");
    let phones: Vec<Resident> = conn.all(&sql, params![dwelling, held.hash.clone()]).await?;
    let mut households = Vec::new();
    for record in &phones {
        if held.owns(record, now)? {
            households.extend(record.household_id);
        }
    }
    if households.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Where::new();
    rows.and("r.dwelling_id = ?", vec![dwelling.into()]).any("r.household_id", &households);
    let sql = format!(
        "SELECT {RESIDENT} FROM resident r{} ORDER BY CASE r.relation WHEN 'head' THEN 0 WHEN 'spouse' THEN 1 ELSE 2 END, r.birth, r.n",
        rows.text()
    );
    conn.all(&sql, rows.args()).await
}

/// Everything that is wrong in what was typed, each at its field: `m0.id_number`.
fn faults(new: &NewClaim, needs_door: bool, now: Timestamp) -> Result<()> {
    let mut all: Vec<FieldError> = Vec::new();
    let mut check = Check::new();
    check.require(!new.consent.is_empty(), "consent", "door-consent-needed");
    if needs_door {
        check.text("door", &new.content.door, 20);
        check.optional("unit", Some(&new.content.unit), 20);
    }
    if let Err(Error::Invalid(wrong)) = check.done() {
        all.extend(wrong);
    }
    let mut living = 0;
    for (n, member) in new.content.members.iter().enumerate().filter(|(_, m)| !m.gone && !m.is_blank()) {
        living += 1;
        let mut check = Check::new();
        let facts = Facts::checked(&member.texts, now, &mut check);
        check.require(facts.name.is_some() || member.resident.is_some(), "name", "error-required");
        let wrong = check.done().err();
        if let Some(Error::Invalid(wrong)) = wrong {
            all.extend(wrong.into_iter().map(|f| FieldError { field: format!("m{n}.{}", f.field), ..f }));
        }
        if !member.care.is_empty() && !new.consent.ends_with(super::SEPARATE) {
            all.push(FieldError::new(format!("m{n}.care"), "door-care-consent-needed"));
        }
    }
    let gone = new.content.members.iter().any(|m| m.gone);
    if living == 0 && !gone && !new.same {
        all.push(FieldError::new("m0.name", "door-nobody"));
    }
    if new.content.members.len() > MEMBERS {
        all.push(FieldError::new("form", "door-too-many"));
    }
    if all.is_empty() { Ok(()) } else { Err(Error::Invalid(all)) }
}

/// The home that is meant, which lies behind the code; locked where there are several writers, so that two entries for
/// it see each other.
async fn home(conn: &mut Conn, code: &Code, wanted: Option<DwellingId>) -> Result<Option<places::Dwelling>> {
    let Some(id) = code.dwelling().or(wanted) else { return Ok(None) };
    let home = places::dwelling(conn, id).await?;
    let behind = match code.kind {
        CodeKind::Dwelling => true,
        CodeKind::Unit => home.unit_id == code.unit(),
        CodeKind::Building => home.building_id == code.building_id,
    };
    if behind { Ok(Some(home)) } else { Err(Error::NotFound) }
}

/// How a door is called that is not registered yet.
async fn typed_address(tx: &mut Tx, code: &Code, content: &Content) -> Result<String> {
    let building = places::building(tx, code.building_id).await?;
    let parts = Address {
        place: building.place,
        building: building.name,
        unit: Some(content.unit.trim().to_owned()).filter(|u| !u.is_empty()),
        door: content.door.trim().to_owned(),
    };
    Ok(parts.text())
}

/// The entry that this one is the next version of: the one that was asked again, the phone's own that waits, or, where
/// nobody has proven a phone and nothing has changed, the one that says so already.
async fn before(
    op: &mut Op,
    dwelling: Option<DwellingId>,
    held: Option<&Held>,
    again: Option<ClaimId>,
    same: bool,
) -> Result<Option<Claim>> {
    if let Some(id) = again {
        let claim = store::load(&mut op.tx, id).await?;
        if claim.state.is_over() {
            return Err(Error::Conflict("claim-decided-already"));
        }
        let own = !claim.proven || claim.phone_hash.as_ref() == held.map(|h| &h.hash);
        return if own && claim.dwelling_id == dwelling { Ok(Some(claim)) } else { Err(Error::NotFound) };
    }
    let Some(dwelling) = dwelling else { return Ok(None) };
    let Some(held) = held else {
        return if same { unchanged(op, dwelling).await } else { Ok(None) };
    };
    // Locked: who decides about it in this moment is waited for, and what is decided by then is no longer found.
    let sql = format!(
        "SELECT {} FROM claim c WHERE c.dwelling_id = $1 AND c.state IN ('waiting', 'asked') AND c.phone_hash = $2 AND c.proven = $3
         ORDER BY c.submitted_at DESC LIMIT 1 {}",
        store::CLAIM,
        store::lock(&op.tx)
    );
    op.tx.optional(&sql, params![dwelling, held.hash.clone(), true]).await
}

/// The entry that already waits with "nothing has changed" from whoever stood at the door: it says nothing of a person,
/// so one for each home is all that a worker needs. A repeat renews its time, and its version counts how often.
async fn unchanged(op: &mut Op, dwelling: DwellingId) -> Result<Option<Claim>> {
    // Several writers: two of them at one door take turns, so that the second finds what the first has written.
    let lock = op.tx.dialect("", "SELECT id FROM dwelling WHERE id = $1 FOR UPDATE").to_owned();
    if !lock.is_empty() {
        op.tx.optional::<(DwellingId,)>(&lock, params![dwelling]).await?;
    }
    let sql = format!(
        "SELECT {} FROM claim c WHERE c.dwelling_id = $1 AND c.state = 'waiting' AND c.kind = 'same' AND c.proven = $2
           AND c.peer IS NULL ORDER BY c.submitted_at DESC LIMIT 1 {}",
        store::CLAIM,
        store::lock(&op.tx)
    );
    op.tx.optional(&sql, params![dwelling, false]).await
}

/// Takes what was sent. The caller commits.
pub async fn submit(
    op: &mut Op,
    code: &Code,
    new: &NewClaim,
    held: Option<&Held>,
    again: Option<ClaimId>,
) -> Result<Claim> {
    let mut new = new.clone();
    let id = code.dwelling().or(new.dwelling);
    if new.same && id.is_none() {
        return Err(Error::field("door", "door-choose"));
    }
    faults(&new, id.is_none(), op.now)?;
    new.content.members.retain(|m| m.gone || !m.is_blank());
    let access = op.district.port::<Access>()?;
    let seal = Seal::new(&access);
    let phone = match (held, &new.content.phone) {
        (Some(held), _) => Some(held.phone.clone()),
        (None, Some(phone)) => linli_kernel::person::parse_phone(phone),
        (None, None) => None,
    };
    let phone_hash = phone.as_deref().map(|p| seal.phone_hash(p)).transpose()?;
    new.content.phone = phone;
    // The register is read before the turn at the writer: whoever decides compares with what it says by then, and the
    // entry notes on which versions it stands. A limit that several forms at once pass by one is still one.
    let (now, mut conn) = (op.now, op.tx.before().await?);
    let dwelling = home(&mut conn, code, new.dwelling).await?;
    let hour = now.minus(Duration::from_hours(1));
    if store::through(&mut conn, code.id, hour).await? >= code.kind.hourly() {
        return Err(Error::field("form", "door-code-often"));
    }
    let mut visible: Vec<ResidentId> = Vec::new();
    if let Some(id) = id {
        visible.extend(own(&mut conn, id, held, now).await?.iter().map(|r| r.id));
    }
    // A record that this phone may not see is no record that it can name.
    new.content.members.retain(|m| !m.gone || m.resident.is_some_and(|r| visible.contains(&r)));
    for member in &mut new.content.members {
        member.resident = member.resident.filter(|r| visible.contains(r));
    }
    let proven = phone_hash.as_deref().filter(|_| held.is_some());
    let ground = Ground::read(&mut conn, &access, id, proven, &new.content, now).await?;
    drop(conn);
    let known = before(op, id, held, again, new.same).await?;
    let fresh = known.is_none();
    let address = match &dwelling {
        Some(home) => home.address.clone(),
        None => typed_address(&mut op.tx, code, &new.content).await?,
    };
    let claim_id = known.as_ref().map_or_else(|| ClaimId(op.uuid()), |c| c.id);
    let mut claim = Claim {
        id: claim_id,
        number: match &known {
            Some(known) => known.number.clone(),
            None => op.next_number("J").await?,
        },
        code_id: Some(code.id),
        building_id: code.building_id,
        dwelling_id: id,
        area: code.area.clone(),
        address,
        kind: if new.same { ClaimKind::Same } else { ClaimKind::Changed },
        against: String::new(),
        state: ClaimState::Waiting,
        content: Some(store::seal(seal, claim_id, &new.content)?),
        phone_hash,
        proven: held.is_some(),
        base: String::new(),
        consent: new.consent.clone(),
        people: i64::try_from(new.content.members.len()).unwrap_or_default(),
        version: known.as_ref().map_or(1, |c| c.version + 1),
        submitted_at: op.now,
        decided_at: None,
        decided_by: None,
        reason: None,
        outcome: None,
        peer: None,
        external_id: None,
    };
    file(op, &access, &mut claim, &new.content, dwelling, ground).await?;
    let detail = json!({ "kind": claim.kind, "people": claim.people, "proven": claim.proven, "again": !fresh,
        "consent": claim.consent, "conflicts": claim.conflicts() });
    log(op, "claim.submit", &claim, detail).await?;
    Ok(claim)
}

/// Writes an entry as it stands beside the register and the entries that it meets.
pub(super) async fn file(
    op: &mut Op,
    access: &Access,
    claim: &mut Claim,
    content: &Content,
    dwelling: Option<places::Dwelling>,
    ground: Ground,
) -> Result<()> {
    let (compared, others) = beside(&mut op.tx, access, claim, content, dwelling, ground).await?;
    claim.kind = compared.kind;
    claim.against = joined(&compared.conflicts);
    claim.base = compared.base;
    store::put(&mut op.tx, claim, &others.numbers).await?;
    settle_others(op, claim, &others).await
}

/// Tells open pages and the activity log.
pub(super) async fn log(
    op: &mut Op,
    action: &'static str,
    claim: &Claim,
    detail: serde_json::Value,
) -> Result<()> {
    op.announce("claim", claim.area.as_str(), claim.id);
    op.log(Entry {
        action,
        subject: "claim",
        subject_id: claim.id.to_string(),
        area: claim.area.clone(),
        detail,
    })
    .await
}

/// What one entry changes for the others: those that wait for the same home, and those with the same number.
pub(super) async fn settle_others(op: &mut Op, claim: &Claim, others: &Others) -> Result<()> {
    for other in &others.here {
        let still = claim.state == ClaimState::Waiting && rivals(claim, other);
        let third = |third: &&Claim| third.id != other.id && rivals(third, other);
        let rival = still || others.here.iter().any(|one| third(&one));
        mark(op, other, Conflict::Rival, rival).await?;
    }
    for other in &others.sharing {
        mark(op, other, Conflict::Twice, claim.state == ClaimState::Waiting).await?;
    }
    Ok(())
}

async fn mark(op: &mut Op, claim: &Claim, conflict: Conflict, is: bool) -> Result<()> {
    let mut conflicts = claim.conflicts();
    if conflicts.contains(&conflict) == is {
        return Ok(());
    }
    conflicts.retain(|c| *c != conflict);
    if is {
        conflicts.push(conflict);
    }
    store::save_conflicts(&mut op.tx, claim.id, &joined(&conflicts)).await
}
