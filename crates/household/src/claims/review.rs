//! Somebody of ours decides about an entry (核对): takes it, whole or field by field, through the register; asks
//! again; or does not take it. Each decision names the version it was made from.

use std::collections::BTreeSet;

use linli_access::{Access, Authorise as _, Target};
use linli_kernel::{Error, Result, error::Check, params};
use linli_store::Op;
use serde_json::json;

use super::{
    Claim, ClaimId, ClaimKind, ClaimState, Compared, Content, Match, Outcome, PersonPair, compare,
    compare::Others,
    store,
    submit::{log, settle_others},
};
use crate::{
    model::{Basis, DwellingId, Facts, Field, Leaving, Mark, NewDwelling, Say, Source, Texts, Usage},
    register::{self, DwellingFacts, Home, MoveOut, NewCare, News},
    store::{Seal, places},
};

/// The longest reason.
const REASON: usize = 200;

/// What is taken of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// All of it.
    All,
    /// What was ticked: `usage`, `0.phone`, `0.care.very_old`, `1.gone`.
    Some(BTreeSet<String>),
}

impl Taken {
    fn has(&self, tick: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(ticks) => ticks.contains(tick),
        }
    }
}

/// What was decided, and over what.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The version of the entry that was looked at.
    pub version: i64,
    /// The versions of home and people beside it.
    pub base: String,
    /// What is taken.
    pub taken: Taken,
}

/// The entry, locked, permitted, and as it was looked at.
async fn open(op: &mut Op, id: ClaimId, version: i64) -> Result<Claim> {
    let claim = store::load(&mut op.tx, id).await?;
    op.permit("claim.decide", &Target::at(&claim.area))?;
    if claim.state.is_over() {
        return Err(Error::Conflict("claim-decided-already"));
    }
    if claim.version != version {
        return Err(Error::Conflict("claim-changed-meanwhile"));
    }
    Ok(claim)
}

async fn close(op: &mut Op, mut claim: Claim, state: ClaimState, reason: Option<String>) -> Result<Claim> {
    claim.state = state;
    claim.reason = reason;
    claim.version += 1;
    claim.decided_at = Some(op.now);
    claim.decided_by = Some(op.actor.name().to_owned());
    let numbers = store::numbers(&mut op.tx, claim.id).await?;
    let (here, sharing) = store::met(&mut op.tx, claim.dwelling_id, &numbers, claim.id).await?;
    let others = Others { here, sharing, numbers };
    store::put(&mut op.tx, &claim, &[]).await?;
    settle_others(op, &claim, &others).await?;
    Ok(claim)
}

/// Only the fields that were ticked.
fn ticked(texts: &Texts, n: usize, pair: &PersonPair, taken: &Taken) -> Texts {
    let of = |field: Field, text: &String| {
        let said = pair.fields.iter().any(|f| f.field == field);
        if said && taken.has(&format!("{n}.{field}")) { text.clone() } else { String::new() }
    };
    Texts {
        name: of(Field::Name, &texts.name),
        sex: of(Field::Sex, &texts.sex),
        birth: of(Field::Birth, &texts.birth),
        id_number: of(Field::IdNumber, &texts.id_number),
        phone: of(Field::Phone, &texts.phone),
        relation: of(Field::Relation, &texts.relation),
        residence: of(Field::Residence, &texts.residence),
    }
}

struct Taking<'a> {
    op: &'a mut Op,
    news: News,
    by: Mark,
    taken: &'a Taken,
    outcome: Outcome,
}

impl Taking<'_> {
    fn note(&mut self, n: usize, pair: &PersonPair) {
        for field in &pair.fields {
            let list = if self.taken.has(&format!("{n}.{}", field.field)) {
                &mut self.outcome.taken
            } else {
                &mut self.outcome.left
            };
            if !field.same && !list.contains(&field.field) {
                list.push(field.field);
            }
        }
    }

    async fn dwelling(&mut self, claim: &Claim, content: &Content) -> Result<DwellingId> {
        if let Some(id) = claim.dwelling_id {
            let usage = content.usage.filter(|_| self.taken.has("usage"));
            let facts = DwellingFacts { usage };
            register::correct_dwelling(self.op, &mut self.news, id, &facts, &self.by, None).await?;
            return Ok(id);
        }
        // Somebody may have registered the door since.
        if let Some(id) = places::dwelling_at(&mut self.op.tx, &claim.area, &claim.address).await? {
            return Ok(id);
        }
        let new = NewDwelling {
            building: claim.building_id,
            unit: Some(content.unit.clone()).filter(|u| !u.trim().is_empty()),
            floor: None,
            door: content.door.clone(),
            usage: content.usage.unwrap_or(Usage::Own),
            // Who lives there has said so.
            seen: true,
        };
        register::add_dwelling(self.op, &mut self.news, &new, &self.by).await
    }

    async fn person(&mut self, home: DwellingId, n: usize, pair: &PersonPair, claim: &Claim) -> Result<()> {
        if pair.member.gone {
            let Match::Here(resident) = &pair.found else { return Ok(()) };
            if self.taken.has(&format!("{n}.gone")) {
                let out = MoveOut { reason: Leaving::Away, at: self.op.now, destination: None };
                register::move_out(self.op, &mut self.news, resident.id, &out, &self.by).await?;
                self.outcome.taken.push(Field::Home);
            } else {
                self.outcome.left.push(Field::Home);
            }
            return Ok(());
        }
        self.note(n, pair);
        let mut facts = Facts::read(&ticked(&pair.member.texts, n, pair, self.taken), self.op.now)?;
        if comes_from_beyond(self.op, pair, claim).await? {
            // The phone that proves who they are is not changed by the form that moves them.
            facts.phone = Say::Nothing;
        }
        let id = match &pair.found {
            Match::Here(resident) => {
                register::correct(self.op, &mut self.news, resident.id, &facts, &self.by, None).await?;
                resident.id
            }
            // Nobody is registered or moved in without a name.
            _ if facts.name.is_none() => return Ok(()),
            found => {
                // Whoever lives elsewhere by a later word comes by the word of who decides now.
                let at = if matches!(found, Match::Elsewhere(_)) { self.op.now } else { self.by.at };
                let by = Mark { at, ..self.by };
                let here = Home { dwelling: home, household: None };
                let put = register::add(self.op, &mut self.news, here, &facts, &by).await?;
                self.outcome.people += 1;
                put.id
            }
        };
        for &(kind, known) in &pair.care {
            if known {
                continue;
            }
            if !self.taken.has(&format!("{n}.care.{kind}")) {
                self.outcome.care_left += 1;
                continue;
            }
            if self.op.permit("household.care", &Target::at(&claim.area)).is_err() {
                return Err(Error::Conflict("claim-care-not-yours"));
            }
            let care = NewCare {
                kind,
                basis: Basis::Consent,
                basis_note: claim.consent.clone(),
                source: Source::SelfFilled,
                expires_at: None,
            };
            register::add_care(self.op, &mut self.news, id, &care).await?;
        }
        Ok(())
    }
}

/// Whether a named person lives where the decider has no say. Then it takes their own word, by the phone that the
/// register has of them: a form that anybody may fill in does not fetch a stranger's record here.
async fn comes_from_beyond(op: &mut Op, pair: &PersonPair, claim: &Claim) -> Result<bool> {
    let Match::Elsewhere(known) = &pair.found else { return Ok(false) };
    // What another platform says stands on an agreement, not on who happens to hold a phone.
    if claim.peer.is_some()
        || known.dwelling_id.is_none()
        || op.permit("household.move", &Target::at(&known.area)).is_ok()
    {
        return Ok(false);
    }
    let sql = "SELECT phone_hash FROM resident WHERE id = $1";
    let phone: Option<Vec<u8>> = op.tx.scalar(sql, params![known.id]).await?;
    if claim.proven && phone.is_some() && phone == claim.phone_hash {
        Ok(true)
    } else {
        Err(Error::Conflict("claim-lives-beyond"))
    }
}

/// Whether an entry, taken whole, says something of everybody who is registered here.
fn covers_all(compared: &Compared, taken: &Taken) -> bool {
    *taken == Taken::All && compared.unnamed.is_empty()
}

/// Takes an entry, or what was ticked of it, into the register: source 居民自填 or 对接同步, checked by who decides.
/// The caller commits.
pub async fn accept(op: &mut Op, id: ClaimId, decision: &Decision) -> Result<Claim> {
    let mut claim = open(op, id, decision.version).await?;
    let access = op.district.port::<Access>()?;
    let content = store::open(Seal::new(&access), &claim)?.ok_or(Error::Conflict("claim-decided-already"))?;
    let compared = compare(&mut op.tx, &access, &claim, &content, op.now).await?;
    if compared.base != decision.base {
        return Err(Error::Conflict("claim-changed-meanwhile"));
    }
    // What was said before the record changed would count as older; who decides has seen both, and decides now.
    let at = if compared.base == claim.base { claim.submitted_at } else { op.now };
    let source = if claim.peer.is_some() { Source::Sync } else { Source::SelfFilled };
    let by = Mark { source, at, verified: true };
    if claim.kind == ClaimKind::Same {
        let dwelling = claim.dwelling_id.ok_or(Error::NotFound)?;
        let mut news = News::new();
        register::confirm_dwelling(op, &mut news, dwelling, &Mark::self_filled(at), None).await?;
        let claim = close(op, claim, ClaimState::Accepted, None).await?;
        log(op, "claim.accept", &claim, json!({ "kind": claim.kind })).await?;
        news.publish(op).await?;
        return Ok(claim);
    }
    let mut taking =
        Taking { op, news: News::new(), by, taken: &decision.taken, outcome: Outcome::default() };
    let home = taking.dwelling(&claim, &content).await?;
    for (n, pair) in compared.people.iter().enumerate() {
        taking.person(home, n, pair, &claim).await?;
    }
    if claim.peer.is_none() && covers_all(&compared, &decision.taken) {
        register::confirm_dwelling(taking.op, &mut taking.news, home, &Mark::self_filled(at), None).await?;
    }
    let Taking { op, news, outcome, .. } = taking;
    claim.dwelling_id = Some(home);
    claim.outcome = Some(outcome.json()?);
    let whole = outcome.left.is_empty() && outcome.care_left == 0;
    let state = if whole { ClaimState::Accepted } else { ClaimState::Partly };
    let claim = close(op, claim, state, None).await?;
    let detail = json!({ "taken": outcome.taken, "left": outcome.left, "people": outcome.people });
    log(op, "claim.accept", &claim, detail).await?;
    news.publish(op).await?;
    Ok(claim)
}

/// Takes entries that say that nothing has changed, many at once; answers how many it took. Those against which
/// something stands, or that were decided meanwhile, are left.
pub async fn accept_unchanged(op: &mut Op, ids: &[ClaimId]) -> Result<usize> {
    let mut news = News::new();
    let mut done = 0;
    for id in ids {
        let claim = store::load(&mut op.tx, *id).await?;
        op.permit("claim.decide", &Target::at(&claim.area))?;
        let plain = claim.kind == ClaimKind::Same && claim.conflicts().is_empty();
        let (ClaimState::Waiting, true, Some(dwelling)) = (claim.state, plain, claim.dwelling_id) else {
            continue;
        };
        let by = Mark::self_filled(claim.submitted_at);
        register::confirm_dwelling(op, &mut news, dwelling, &by, None).await?;
        let claim = close(op, claim, ClaimState::Accepted, None).await?;
        log(op, "claim.accept", &claim, json!({ "kind": claim.kind })).await?;
        done += 1;
    }
    news.publish(op).await?;
    Ok(done)
}

/// Asks the resident again; they see why on their receipt.
pub async fn ask_again(op: &mut Op, id: ClaimId, version: i64, reason: &str) -> Result<Claim> {
    settle(op, id, version, reason, ClaimState::Asked, "claim.ask").await
}

/// Does not take it; the resident sees why.
pub async fn decline(op: &mut Op, id: ClaimId, version: i64, reason: &str) -> Result<Claim> {
    settle(op, id, version, reason, ClaimState::Declined, "claim.decline").await
}

/// Who sent it takes it back; the caller has made sure that it is theirs.
///
/// # Errors
/// A conflict when somebody has decided about it meanwhile.
pub(crate) async fn withdraw(op: &mut Op, id: ClaimId) -> Result<()> {
    let claim = store::load(&mut op.tx, id).await?;
    if claim.state.is_over() {
        return Err(Error::Conflict("claim-decided-already"));
    }
    let mut claim = close(op, claim, ClaimState::Withdrawn, None).await?;
    // Nothing of it is needed any more.
    claim.content = None;
    store::put(&mut op.tx, &claim, &[]).await?;
    log(op, "claim.withdraw", &claim, json!({})).await
}

async fn settle(
    op: &mut Op,
    id: ClaimId,
    version: i64,
    reason: &str,
    state: ClaimState,
    action: &'static str,
) -> Result<Claim> {
    let claim = open(op, id, version).await?;
    if state == ClaimState::Asked && claim.peer.is_some() {
        return Err(Error::Conflict("claim-peer-not-asked"));
    }
    let mut check = Check::new();
    let reason = check.text("reason", reason, REASON);
    check.done()?;
    let claim = close(op, claim, state, Some(reason.clone())).await?;
    log(op, action, &claim, json!({ "reason": reason })).await?;
    Ok(claim)
}
