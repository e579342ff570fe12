//! 采集: a case comes to be, and somebody leads it from its first moment.

use super::{Audience, Changes, Entry, Notice, Scene, clocks};
use crate::model::{Action, Case, CaseState, ClockKind, Filing, Level, NoticeKind, WhistleLevel, Who};

/// Opens a case. Where the place is known to the grid, the grid leads; else the centre that can find out.
pub fn report(filing: Filing, by: Who, scene: &Scene<'_>) -> Changes {
    let level = Level::of_area(filing.area.level());
    let mut case = Case {
        id: filing.id,
        reported: filing.reported,
        state: CaseState::Reported,
        area: filing.area,
        category: filing.category,
        level,
        whistle: WhistleLevel::Regular,
        lead: scene.chain.at(level),
        assisting: Vec::new(),
        urgent: filing.urgent,
        urgent_confirmed: false,
        parent: filing.parent,
        open_tasks: 0,
        merged_into: None,
        returns: 0,
        lead_bound: false,
        ask: None,
        waiting_since: None,
        suspension: None,
        dispatched_at: None,
        contacted_at: None,
        resolvers: Vec::new(),
        extent: None,
        outcome: None,
        satisfaction: None,
        ended_at: None,
        reopen_until: None,
        reopened: 0,
        objected: false,
        joint_failures: 0,
        clocks: Vec::new(),
    };
    clocks::start(&mut case, ClockKind::Close, scene);
    let mut notices = vec![Notice { to: Audience::Org(case.lead), kind: NoticeKind::WhistleBlown }];
    if case.urgent {
        let centre = scene.chain.at(level.max(Level::Street));
        notices.push(Notice { to: Audience::Org(centre), kind: NoticeKind::UrgentClaimed });
    }
    let entry = Entry {
        action: Action::Report,
        by,
        from: None,
        to: case.state,
        public: true,
        note: None,
        facts: vec![("source", case.reported.source.to_string()), ("lead", case.lead.to_string())],
    };
    Changes { case, entries: vec![entry], notices }
}
