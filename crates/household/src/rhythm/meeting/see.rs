//! Who sees a meeting (参会范围): whoever the community belongs to, and those who work in one of its grids.

use linli_access::{Access, Authorise as _, Scope, Target};
use linli_kernel::{Actor, AreaCode, Error, Result, area::AreaLevel};
use linli_store::{Op, Where};

/// Sees meetings and to-dos.
pub(crate) const READ: &str = "meeting.read";
/// Prepares, writes and closes a meeting.
pub(crate) const HOLD: &str = "meeting.hold";
/// Settles one's own to-dos.
pub(crate) const TODO: &str = "meeting.todo";

/// Whether somebody sees the meetings of a community.
pub fn sees(access: &Access, actor: &Actor, area: &AreaCode) -> bool {
    let scope = access.policy.scope(actor, READ);
    scope.covers(area, &[]) || scope.areas.iter().any(|own| area.contains(own))
}

/// The areas whose meetings somebody sees: for a grid its whole community.
pub(crate) fn seen_areas(scope: &Scope) -> Vec<AreaCode> {
    let whole = |own: &AreaCode| own.at(AreaLevel::Community).unwrap_or_else(|| own.clone());
    let mut areas: Vec<AreaCode> = scope.areas.iter().map(whole).collect();
    areas.sort();
    areas.dedup();
    areas
}

/// Narrows a list to what somebody sees of an area.
pub(super) fn within(rows: &mut Where, column: &str, scope: &Scope, area: &AreaCode) {
    if *scope != Scope::everything() {
        rows.within(column, &seen_areas(scope));
    }
    rows.within(column, std::slice::from_ref(area));
}

pub(super) fn permit_see(op: &Op, area: &AreaCode) -> Result<()> {
    let access = op.district.port::<Access>()?;
    access.policy.require_somewhere(&op.actor, READ)?;
    if sees(&access, &op.actor, area) { Ok(()) } else { Err(Error::NotFound) }
}

/// Refuses whoever does not hold the meetings of a community: as not there, if they do not see them either.
pub(super) fn permit_hold(op: &Op, area: &AreaCode) -> Result<()> {
    permit_see(op, area)?;
    match op.permit(HOLD, &Target::at(area)) {
        Err(Error::NotFound) => Err(Error::Forbidden("error-forbidden")),
        other => other,
    }
}
