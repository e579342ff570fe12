//! Whatever people do in whatever order, some things never happen.

use std::collections::{BTreeMap, BTreeSet};

use linli_kernel::{Actor, Role, Timestamp, actor::OrgId};
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};

use super::{
    Changes, decide, escalation,
    fixture::{DISTRICT, GRID, GRID_AREA, PARKS, ROADS, STREET, WATER, World, command, monday, person},
    standing, transitions,
};
use crate::model::{Action, Ask, Case, CaseState, ClockKind, Command, WhistleLevel, Who};

/// Everybody who could be around, with real posts.
fn people() -> Vec<(Actor, bool)> {
    let mut people: Vec<(Actor, bool)> = [
        person(1, Role::GridWorker, GRID_AREA, GRID),
        person(2, Role::GridWorker, GRID_AREA, GRID),
        person(3, Role::CommunitySecretary, "371002001001", GRID),
        person(4, Role::StreetCentre, "371002001", STREET),
        person(5, Role::StreetCentre, "371002001", STREET),
        person(6, Role::StreetLeader, "371002001", STREET),
        person(7, Role::DistrictCentre, "371002", DISTRICT),
        person(8, Role::DistrictCentre, "371002", DISTRICT),
        person(9, Role::Department, "371002", WATER),
        person(10, Role::DepartmentLead, "371002", WATER),
        person(11, Role::Department, "371002", ROADS),
        person(12, Role::Department, "371002", PARKS),
        person(13, Role::Hotline, "371002", DISTRICT),
        person(14, Role::StreetCentre, "371002002", PARKS),
        person(15, Role::Auditor, "371002", WATER),
        Actor::Public,
    ]
    .map(|actor| (actor, false))
    .into();
    people.push((Actor::Public, true));
    people.push((Actor::System, false));
    people
}

#[derive(Debug, Clone)]
struct Step {
    action: Action,
    person: usize,
    /// Takes something that the table allows to somebody, instead of anything by anybody.
    sensible: Option<prop::sample::Index>,
    org: OrgId,
    minutes: i64,
    tasks: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        prop::sample::select(Action::ALL),
        0..people().len(),
        prop::option::weighted(0.7, any::<prop::sample::Index>()),
        prop::sample::select(vec![GRID, STREET, DISTRICT, WATER, ROADS, PARKS]),
        prop_oneof![6 => 1..120_i64, 2 => 120..5000_i64, 1 => 5000..30_000_i64],
        prop::bool::weighted(0.03),
    );
    let step = step.prop_map(|(action, person, sensible, org, minutes, tasks)| Step {
        action,
        person,
        sensible,
        org,
        minutes,
        tasks,
    });
    prop::collection::vec(step, 1..300)
}

/// Who does what: what is in the step, or something that leads on, each action as likely as another however many may do
/// it. What ends a case early is rare.
fn choose(step: &Step, case: &Case, people: &[(Actor, bool)]) -> (usize, Action) {
    let Some(index) = step.sensible else { return (step.person, step.action) };
    let early = matches!(step.action, Action::Merge | Action::Decline);
    let mut possible: BTreeMap<Action, Vec<usize>> = BTreeMap::new();
    let all = people
        .iter()
        .enumerate()
        .flat_map(|(n, (actor, reporter))| {
            let by = standing(actor, case, *reporter);
            transitions::open_to(case.state, &by.parties).map(move |action| (n, action)).collect::<Vec<_>>()
        })
        .filter(|(_, action)| {
            let ends = matches!(action, Action::Merge | Action::Decline);
            let stays = transitions::find(*action, case.state).is_some_and(|t| t.to == transitions::To::Same);
            if ends { early } else { !stays || step.minutes % 3 == 0 }
        });
    for (person, action) in all {
        possible.entry(action).or_default().push(person);
    }
    if possible.is_empty() {
        return (step.person, step.action);
    }
    let actions: Vec<_> = possible.iter().collect();
    let (action, who) = index.get(&actions);
    (who[step.person % who.len()], **action)
}

fn shaped(step: &Step, action: Action, now: Timestamp) -> Option<Command> {
    let later = Timestamp::from_millis(now.millis() + 20 * 86_400_000);
    Some(match command(action)? {
        Command::Dispatch { assisting, note, .. } => Command::Dispatch { lead: step.org, assisting, note },
        Command::AddAssisting { .. } => Command::AddAssisting { org: step.org },
        Command::RequestReturn { reason, note, .. } => Command::RequestReturn { reason, to: step.org, note },
        Command::DecideReturn { note, .. } => Command::DecideReturn { lead: step.org, note },
        Command::Suspend { reason, .. } => Command::Suspend { review: later, reason },
        Command::RequestSuspension { reason, .. } => Command::RequestSuspension { review: later, reason },
        other => other,
    })
}

fn sound(before: &Case, after: &Changes, who: Option<Who>) {
    let case = &after.case;
    let mut assisting = case.assisting.clone();
    assisting.sort();
    assisting.dedup();
    assert_eq!(assisting.len(), case.assisting.len(), "nobody assists twice");
    assert!(!assisting.contains(&case.lead), "the lead is one and does not assist itself");
    assert_eq!(case.state == CaseState::Returned, matches!(case.ask, Some(Ask::Return { .. })));
    assert_eq!(case.state == CaseState::Suspended, case.suspension.is_some());
    assert_eq!(case.state.is_over(), case.ended_at.is_some());
    if let Some(ask) = &case.ask {
        assert!(
            matches!(case.state, CaseState::Returned | CaseState::Accepted | CaseState::OnSite),
            "{ask:?}"
        );
    }
    if case.waiting_since.is_some() {
        assert!(matches!(case.state, CaseState::Accepted | CaseState::OnSite), "only a lead waits");
    }
    let live = |kind| case.clocks.iter().filter(|c| c.is_live() && c.kind == kind).count();
    for kind in ClockKind::ALL {
        assert!(live(*kind) <= 1, "one {kind} clock at a time");
    }
    let promise = if case.whistle == WhistleLevel::Tough { ClockKind::Supervise } else { ClockKind::Close };
    assert_eq!(live(promise), usize::from(!case.state.is_over()), "{promise} in {}", case.state);
    assert_eq!(live(ClockKind::AwaitReporter) == 1, case.waiting_since.is_some());
    assert_eq!(live(ClockKind::Review) == 1, case.state == CaseState::Suspended);
    for (index, clock) in case.clocks.iter().enumerate() {
        assert_eq!(usize::from(clock.seq), index);
        assert!(!clock.is_live() || clock.org == case.lead, "the lead is held to what runs");
        if let Some(before) = before.clocks.get(index) {
            assert!(before.extension.is_none() || clock.extension == before.extension, "one extension");
            assert!(before.escalated.is_none() || clock.escalated == before.escalated, "one escalation");
            assert!(before.end.is_none() || clock.end == before.end, "what ended stays ended");
            assert!(clock.due >= before.due, "nobody shortens a promise behind somebody's back");
        }
    }
    assert!(case.whistle >= before.whistle && case.returns <= 2);
    assert!(case.returns < 2 || case.state == CaseState::Returned || case.lead_bound || before.returns == 2);
    let last = after.entries.last().unwrap();
    assert_eq!(last.to, case.state);
    assert_eq!(after.entries[0].from, Some(before.state));
    if matches!(last.action, Action::Close | Action::FailVerification | Action::StartVerification) {
        assert!(!before.resolvers.contains(&who.unwrap()), "who resolves does not verify");
    }
    if before.lead_bound && case.lead != before.lead {
        let above = matches!(last.action, Action::Dispatch | Action::BlowTough | Action::Reopen);
        assert!(
            above && after.case.level >= before.level,
            "a binding decision was undone by {}",
            last.action
        );
    }
    if before.reopen_until.is_some() && last.action != Action::Reopen {
        assert_eq!(case.reopen_until, before.reopen_until, "nothing moves the reporter's window");
    }
    for entry in &after.entries {
        assert!(!(entry.public && entry.action == Action::Note), "the reporter never sees internal notes");
    }
}

/// Lets people do things with a case, and looks after each.
fn walk(world: &World, code: &str, steps: &[Step], mut look: impl FnMut(&Case)) {
    let people = people();
    let mut now = monday();
    let mut case = world.report_from(code, now);
    for step in steps {
        now = Timestamp::from_millis(now.millis() + step.minutes * 60_000);
        case.open_tasks = u32::from(step.tasks);
        let scene = world.scene(now);
        if let Some(changes) = escalation::sweep(&case, &scene).unwrap() {
            sound(&case, &changes, None);
            case = changes.case;
            assert!(!escalation::is_due(&case, &scene), "once per clock");
        }
        let (person, action) = choose(step, &case, &people);
        let (actor, reporter) = &people[person];
        let Some(command) = shaped(step, action, now) else { continue };
        let by = standing(actor, &case, *reporter);
        if let Ok(changes) = decide(&case, &command, &by, &scene) {
            sound(&case, &changes, Some(by.who));
            case = changes.case;
        }
        look(&case);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_order_of_commands_breaks_a_case(steps in steps(), code in prop::sample::select(
        vec![GRID_AREA, "371002001", "371002"])) {
        walk(&World::new(), code, &steps, |_| ());
    }
}

/// The random walk is worth something only if it gets far.
#[test]
fn the_walk_visits_every_state() {
    let world = World::new();
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..150 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        walk(&world, GRID_AREA, &steps, |case| {
            seen.insert((case.state.as_str(), case.whistle.as_str()));
        });
    }
    for state in CaseState::ALL {
        for whistle in ["joint", "tough"] {
            assert!(
                *state == CaseState::Reported || seen.contains(&(state.as_str(), whistle)),
                "{state} {whistle}"
            );
        }
    }
}
