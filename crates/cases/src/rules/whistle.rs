//! The three whistles: who may blow which, who must answer, and what changes when one is blown.

use linli_kernel::{Error, Result};

use super::{draft::Draft, transitions};
use crate::model::{Action, CaseState, ClockKind, Ending, Level, NoticeKind, Party, WhistleLevel};

/// The action that blows a whistle; a regular one is blown by reporting.
pub const fn action(whistle: WhistleLevel) -> Action {
    match whistle {
        WhistleLevel::Regular => Action::Report,
        WhistleLevel::Joint => Action::BlowJoint,
        WhistleLevel::Tough => Action::BlowTough,
    }
}

/// Who may blow it by hand. The table of transitions decides; this reads it for people.
pub fn blowers(whistle: WhistleLevel) -> impl Iterator<Item = Party> {
    let rows = transitions::find(action(whistle), CaseState::Filed);
    let table = rows.map_or(&[][..], |row| row.by).iter().copied();
    let reporting: &[Party] = match whistle {
        WhistleLevel::Regular => &[Party::GridWorker, Party::Reporter, Party::Hotline],
        WhistleLevel::Joint | WhistleLevel::Tough => &[],
    };
    table.chain(reporting.iter().copied()).filter(|p| *p != Party::System)
}

/// The level that must answer it (应哨).
pub const fn answering(whistle: WhistleLevel) -> Level {
    match whistle {
        WhistleLevel::Regular => Level::Grid,
        WhistleLevel::Joint => Level::Street,
        WhistleLevel::Tough => Level::District,
    }
}

/// 吹哨 by a person: only upwards.
pub(super) fn blow(draft: &mut Draft<'_>, whistle: WhistleLevel, reason: &str) -> Result<()> {
    if whistle <= draft.case.whistle {
        return Err(Error::Conflict("whistle-not-higher"));
    }
    draft.say("reason", reason)?;
    raise(draft, whistle, Ending::Superseded);
    draft.public();
    Ok(())
}

/// Raises the whistle: the answering level's centre leads until it dispatches, the former lead assists,
/// the old promises end and those of the new whistle begin.
pub(super) fn raise(draft: &mut Draft<'_>, whistle: WhistleLevel, old_clocks: Ending) {
    let former = draft.case.lead;
    let urgent = draft.case.clocks.iter().any(|c| c.is_live() && c.kind == ClockKind::UrgentOnSite);
    draft.stop_waiting();
    draft.end_all(old_clocks);
    draft.case.whistle = whistle;
    draft.case.level = draft.case.level.max(answering(whistle));
    draft.case.lead_bound = false;
    draft.case.ask = None;
    draft.case.suspension = None;
    let lead = draft.scene.chain.at(draft.case.level);
    draft.hand_to(lead);
    if former != lead && !draft.case.assisting.contains(&former) {
        draft.case.assisting.push(former);
    }
    draft.fact("whistle", whistle);
    draft.fact("lead", lead);
    begin(draft);
    if urgent {
        // Still nobody there: the new lead has its own half hour.
        draft.start(ClockKind::UrgentOnSite);
    }
    draft.tell(lead, NoticeKind::WhistleBlown);
}

/// Starts what runs from the whistle itself.
pub(super) fn begin(draft: &mut Draft<'_>) {
    draft.start(ClockKind::Close);
    draft.start(ClockKind::Supervise);
}
