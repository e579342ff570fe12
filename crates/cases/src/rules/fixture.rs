//! People, organisations and cases for the tests of the rules.

use std::collections::BTreeSet;

use linli_kernel::{
    Actor, AreaCode, Calendar, Ids, Role, Timestamp,
    actor::{AccountId, OrgId, Post},
};
use uuid::Uuid;

use super::{Scene, Standing};
use crate::model::{
    Action, Ask, Case, CaseClock, CaseId, CaseState, Chain, ClockKind, ClockRules, Command, DeclineReason,
    Extent, Filing, FollowUp, Level, Nature, Outcome, Party, Reported, Resolution, ReturnReason,
    Satisfaction, Source, Suspension, WhistleLevel, Who,
};

pub(super) const GRID_AREA: &str = "371002001001005";

pub(super) const fn org(n: u128) -> OrgId {
    OrgId(Uuid::from_u128(n))
}

pub(super) const GRID: OrgId = org(1);
pub(super) const STREET: OrgId = org(2);
pub(super) const DISTRICT: OrgId = org(3);
pub(super) const WATER: OrgId = org(4);
pub(super) const ROADS: OrgId = org(5);
pub(super) const PARKS: OrgId = org(6);

pub(super) fn at(text: &str) -> Timestamp {
    format!("{text}:00+08:00").parse().unwrap()
}

pub(super) fn area(code: &str) -> AreaCode {
    code.parse().unwrap()
}

/// A Monday morning.
pub(super) fn monday() -> Timestamp {
    at("2026-11-23T10:00")
}

pub(super) struct World {
    pub(super) calendar: Calendar,
    pub(super) rules: ClockRules,
    pub(super) chain: Chain,
}

impl World {
    pub(super) fn new() -> Self {
        Self {
            calendar: Calendar::shipped().unwrap(),
            rules: ClockRules::shipped(),
            chain: Chain { grid: Some(GRID), street: Some(STREET), district: DISTRICT },
        }
    }

    pub(super) fn scene(&self, now: Timestamp) -> Scene<'_> {
        Scene { now, calendar: &self.calendar, rules: &self.rules, chain: self.chain, photo_required: false }
    }

    /// A fresh complaint of a resident whose grid is known.
    pub(super) fn reported(&self, now: Timestamp) -> Case {
        self.report_from(GRID_AREA, now)
    }

    pub(super) fn report_from(&self, code: &str, now: Timestamp) -> Case {
        let filing = Filing {
            id: CaseId::new(&Ids::seeded(1), now),
            reported: Reported {
                source: Source::Resident,
                nature: Nature::Complaint,
                at: now,
                anonymous: false,
                reachable: true,
                hidden_identity: false,
            },
            area: area(code),
            category: None,
            urgent: false,
            parent: None,
        };
        super::report(filing, Who::Public, &self.scene(now)).case
    }

    /// A case in `state` in which `action` has all that it needs beyond the table.
    pub(super) fn ready_for(&self, state: CaseState, action: Action) -> Case {
        let mut case = self.reported(monday());
        case.state = state;
        case.lead = WATER;
        case.assisting = vec![ROADS];
        case.level = Level::Street;
        case.whistle = if action == Action::BlowJoint { WhistleLevel::Regular } else { WhistleLevel::Joint };
        if action == Action::Resolve {
            case.reported.nature = Nature::Question;
        }
        case.urgent = action == Action::ClearUrgent;
        match state {
            CaseState::Returned => {
                case.returns = 1;
                case.ask = Some(Ask::Return { by: someone(99), reason: ReturnReason::NotOurDuty, to: PARKS });
            }
            CaseState::Suspended => {
                case.suspension =
                    Some(Suspension { before: CaseState::OnSite, review: at("2027-03-01T09:00") });
            }
            _ => {}
        }
        if state.is_over() {
            case.clocks.clear();
            case.ended_at = Some(monday());
            case.reopen_until = Some(at("2026-12-09T00:00"));
        }
        match action {
            Action::ReporterAnswered => case.waiting_since = Some(monday()),
            Action::DecideExtension => case.ask = Some(Ask::Extension { by: someone(99), days: 3 }),
            Action::RefuseSuspension => {
                case.ask = Some(Ask::Suspension { by: someone(99), review: at("2027-03-01T09:00") });
            }
            _ => {}
        }
        case
    }
}

pub(super) fn someone(n: u128) -> Who {
    Who::Account(AccountId(Uuid::from_u128(n)))
}

/// Somebody who is nothing but `party`.
pub(super) fn only(party: Party) -> Standing {
    Standing { who: someone(1000 + party as u128), parties: BTreeSet::from([party]) }
}

pub(super) fn person(n: u128, role: Role, code: &str, org: OrgId) -> Actor {
    let post = Post { role, area: area(code), org };
    Actor::Account { id: AccountId(Uuid::from_u128(n)), name: format!("{role} {n}"), posts: vec![post] }
}

pub(super) fn resolution() -> Resolution {
    Resolution {
        done: "更换井盖".into(),
        done_by: "王师傅".into(),
        doer: None,
        extent: Extent::Solved,
        reply: "井盖已更换".into(),
        photos: 1,
    }
}

/// A valid command for each action that people give; none for those that only happen.
pub(super) fn command(action: Action) -> Option<Command> {
    let text = || "因为".to_owned();
    let review = at("2027-01-04T09:00");
    Some(match action {
        Action::Report | Action::Escalate => return None,
        Action::File => Command::File,
        Action::Decline => Command::Decline { reason: DeclineReason::LegalProcedure, note: text() },
        Action::Merge => Command::Merge { into: CaseId(Uuid::from_u128(77)) },
        Action::Locate => Command::Locate { area: area("371002001001006") },
        Action::Recategorise => Command::Recategorise { category: "0302".into() },
        Action::BlowJoint => Command::Blow { whistle: WhistleLevel::Joint, reason: text() },
        Action::BlowTough => Command::Blow { whistle: WhistleLevel::Tough, reason: text() },
        Action::Dispatch => Command::Dispatch { lead: ROADS, assisting: vec![WATER, PARKS], note: None },
        Action::AddAssisting => Command::AddAssisting { org: PARKS },
        Action::Accept => Command::Accept,
        Action::Arrive => Command::Arrive { plan: Some(text()) },
        Action::AssistArrive => Command::AssistArrive { note: None },
        Action::Contact => Command::Contact { reached: true, note: None },
        Action::AskReporter => Command::AskReporter { question: text() },
        Action::ReporterAnswered => Command::ReporterAnswered { text: Some(text()) },
        Action::RequestReturn => {
            Command::RequestReturn { reason: ReturnReason::OtherMustLead, to: PARKS, note: text() }
        }
        Action::ConsentReturn => Command::ConsentReturn,
        Action::DecideReturn => Command::DecideReturn { lead: ROADS, note: text() },
        Action::RequestExtension => Command::RequestExtension { days: 5, reason: text() },
        Action::DecideExtension => Command::DecideExtension { grant: true, note: None },
        Action::RequestSuspension => Command::RequestSuspension { review, reason: text() },
        Action::RefuseSuspension => Command::RefuseSuspension { note: text() },
        Action::Suspend => Command::Suspend { review, reason: text() },
        Action::Resume => Command::Resume { note: None },
        Action::Resolve => Command::Resolve(resolution()),
        Action::StartVerification => Command::StartVerification,
        Action::FailVerification => Command::FailVerification { note: text() },
        Action::Close => Command::Close { outcome: Outcome::Solved, note: None },
        Action::FollowUp => Command::FollowUp(FollowUp {
            reached: true,
            contacted: Some(true),
            solved: Some(true),
            satisfaction: Some(Satisfaction::Satisfied),
        }),
        Action::Rate => Command::Rate { satisfaction: Satisfaction::VerySatisfied, comment: None },
        Action::Reopen => Command::Reopen { reason: text() },
        Action::FlagUrgent => Command::FlagUrgent { reason: text() },
        Action::ConfirmUrgent => Command::ConfirmUrgent,
        Action::ClearUrgent => Command::ClearUrgent { reason: text() },
        Action::Supervise => Command::Supervise { note: text() },
        Action::HideIdentity => Command::HideIdentity,
        Action::Note => Command::Note { text: text() },
        Action::Comment => Command::Comment { text: text() },
    })
}

pub(super) fn live(case: &Case, kind: ClockKind) -> &CaseClock {
    case.clocks.iter().find(|c| c.is_live() && c.kind == kind).unwrap()
}
