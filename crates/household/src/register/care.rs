//! Marks of care: never without a basis, never without an end.

use linli_kernel::{Error, Result, Timestamp, error::Check};
use linli_store::Op;
use serde_json::json;

use super::{News, note};
use crate::{
    model::{Basis, CareKind, CareMarkId, ResidentId, Source},
    store::{care, care::CareMark, people},
};

/// A mark to set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCare {
    /// What care.
    pub kind: CareKind,
    /// Why it may be kept.
    pub basis: Basis,
    /// The version of the consent, or the rule.
    pub basis_note: String,
    /// Who said it.
    pub source: Source,
    /// Until when; the kind's longest if not said.
    pub expires_at: Option<Timestamp>,
}

fn longest(kind: CareKind, now: Timestamp) -> Timestamp {
    Timestamp::from_millis(now.millis() + kind.longest_days() * linli_kernel::time::DAY_MS)
}

/// Sets a mark, or renews it.
pub async fn add_care(op: &mut Op, news: &mut News, id: ResidentId, new: &NewCare) -> Result<CareMarkId> {
    let resident = people::load(&mut op.tx, id).await?;
    let longest = longest(new.kind, op.now);
    let expires_at = new.expires_at.unwrap_or(longest);
    let mut check = Check::new();
    let basis_note = check.text("basis_note", &new.basis_note, 100);
    check.require(expires_at > op.now, "expires", "household-care-over");
    check.require(expires_at <= longest, "expires", "household-care-too-long");
    check.done()?;
    let mark = CareMark {
        id: CareMarkId(op.uuid()),
        resident_id: id,
        area: resident.area.clone(),
        kind: new.kind,
        basis: new.basis,
        basis_note,
        source: new.source,
        created_by: op.actor.name().to_owned(),
        created_at: op.now,
        expires_at,
        ended_at: None,
        end_reason: None,
    };
    care::put(&mut op.tx, &mark).await?;
    news.resident(id, &resident.area);
    let detail = json!({ "kind": new.kind, "basis": new.basis, "expires": expires_at });
    note(op, "household.care", "resident", id, &resident.area, detail).await?;
    Ok(mark.id)
}

/// Ends a mark: it no longer applies, or consent was withdrawn.
pub async fn end_care(
    op: &mut Op,
    news: &mut News,
    id: ResidentId,
    kind: CareKind,
    reason: &str,
) -> Result<()> {
    let resident = people::load(&mut op.tx, id).await?;
    let mut check = Check::new();
    let reason = check.text("reason", reason, 100);
    check.done()?;
    if !care::end(&mut op.tx, id, kind, op.now, &reason).await? {
        return Err(Error::NotFound);
    }
    news.resident(id, &resident.area);
    let detail = json!({ "kind": kind, "ended": true });
    note(op, "household.care", "resident", id, &resident.area, detail).await
}
