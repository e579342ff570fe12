use super::*;

fn sweep(world: &World, case: &Case, now: &str) -> Changes {
    escalation::sweep(case, &world.scene(at(now))).unwrap().unwrap()
}

fn told(changes: &Changes, org: linli_kernel::actor::OrgId) -> bool {
    changes.notices.contains(&Notice { to: Audience::Org(org), kind: NoticeKind::Overdue })
}

#[test]
fn the_shipped_promises() {
    let world = World::new();
    let regular = world.reported(monday());
    assert_eq!(live(&regular, ClockKind::Close).due, at("2026-11-24T17:30"));
    let case = world.ready_for(CaseState::Filed, Action::Dispatch);
    let case = go(&world, &case, &only(Party::Centre), Action::Dispatch, monday());
    let due = |kind| live(&case, kind).due;
    assert_eq!(due(ClockKind::Sign), at("2026-11-23T11:00"));
    assert_eq!(due(ClockKind::Contact), at("2026-11-24T10:00"));
    assert_eq!(due(ClockKind::ReportIn), at("2026-11-26T17:30"));
    let case = go(&world, &case, &only(Party::Centre), Action::ConfirmUrgent, at("2026-11-23T20:00"));
    assert_eq!(live(&case, ClockKind::UrgentOnSite).due, at("2026-11-23T20:30"), "also at night");
    assert_eq!(world.rules.find(WhistleLevel::Tough, ClockKind::Close), None, "supervised, not dated");
    assert_eq!(
        world.rules.find(WhistleLevel::Joint, ClockKind::UrgentOnSite).unwrap().allowance.unit,
        Unit::Minute
    );
}

#[test]
fn who_cannot_be_reached_is_not_waited_for() {
    let world = World::new();
    let mut case = world.ready_for(CaseState::Filed, Action::Dispatch);
    case.reported.reachable = false;
    let case = go(&world, &case, &only(Party::Centre), Action::Dispatch, monday());
    assert!(case.clocks.iter().all(|c| c.kind != ClockKind::Contact));
    let case = go(&world, &case, &only(Party::Lead), Action::Accept, monday());
    for action in [Action::AskReporter, Action::Contact] {
        let key = refused(&world, &case, &only(Party::Lead), &command(action).unwrap(), monday());
        assert_eq!(key, "case-unreachable");
    }
}

#[test]
fn green_until_eighty_per_cent_then_amber_then_red() {
    let world = World::new();
    let mut case = world.reported(at("2026-11-23T09:00"));
    // Fourteen working hours: 80 % are 11 h 12 min.
    let clock = case.clocks.remove(0);
    let colour = |now| clock.colour(at(now), &world.calendar, 80);
    assert_eq!(colour("2026-11-23T09:00"), Colour::Green);
    assert_eq!(colour("2026-11-24T14:42"), Colour::Green);
    assert_eq!(colour("2026-11-24T14:43"), Colour::Amber);
    assert_eq!(colour("2026-11-24T17:30"), Colour::Amber);
    assert_eq!(colour("2026-11-24T17:31"), Colour::Red);
}

#[test]
fn an_overdue_grid_calls_the_street_by_itself_once() {
    let world = World::new();
    let case = world.reported(monday());
    assert!(!escalation::is_due(&case, &world.scene(at("2026-11-24T17:30"))));
    let done = sweep(&world, &case, "2026-11-24T17:31");
    assert_eq!(
        done.entries.iter().map(|e| e.action).collect::<Vec<_>>(),
        [Action::Escalate, Action::BlowJoint]
    );
    let case = &done.case;
    assert_eq!((case.state, case.whistle, case.lead), (CaseState::Filed, WhistleLevel::Joint, STREET));
    assert_eq!(case.assisting, [GRID]);
    assert_eq!(case.clocks[0].end.unwrap().how, Ending::Overtaken);
    assert!(told(&done, GRID));
    assert!(escalation::sweep(case, &world.scene(at("2026-11-24T18:00"))).unwrap().is_none());
}

#[test]
fn small_promises_are_told_one_level_up_and_the_second_failure_calls_the_district() {
    let world = World::new();
    let case = world.ready_for(CaseState::Filed, Action::Dispatch);
    let mut case = go(&world, &case, &only(Party::Centre), Action::Dispatch, monday());
    case.clocks.retain(|c| c.kind != ClockKind::Close);
    case.clocks.iter_mut().zip(0..).for_each(|(c, seq)| c.seq = seq);
    clocks::start(&mut case, ClockKind::Close, &world.scene(monday()));
    let signed = sweep(&world, &case, "2026-11-23T11:30");
    assert_eq!((signed.case.state, signed.case.whistle), (CaseState::Assigned, WhistleLevel::Joint));
    assert!(told(&signed, DISTRICT) && told(&signed, ROADS));
    assert_eq!(signed.case.clocks.iter().filter(|c| c.escalated.is_some()).count(), 1);
    let first = sweep(&world, &signed.case, "2026-12-01T09:00");
    assert_eq!((first.case.joint_failures, first.case.whistle), (1, WhistleLevel::Joint));
    assert_eq!(live(&first.case, ClockKind::Close).due, at("2026-12-08T17:30"), "a second try");
    let second = sweep(&world, &first.case, "2026-12-09T09:00");
    assert_eq!((second.case.whistle, second.case.lead), (WhistleLevel::Tough, DISTRICT));
    assert_eq!(second.case.state, CaseState::Filed);
}

#[test]
fn waiting_for_the_reporter_stops_the_clocks_but_not_for_ever() {
    let world = World::new();
    let lead = only(Party::Lead);
    let case = go(&world, &accepted(&world), &lead, Action::AskReporter, monday());
    let again = command(Action::AskReporter).unwrap();
    assert_eq!(refused(&world, &case, &lead, &again, monday()), "case-waiting-already");
    assert_eq!(case.next_due(), Some(at("2026-11-26T17:30")), "only the waiting runs");
    let answered =
        go(&world, &case, &only(Party::Reporter), Action::ReporterAnswered, at("2026-11-25T10:00"));
    assert_eq!(live(&answered, ClockKind::Close).due, at("2026-12-02T17:30"));
    assert_eq!(answered.waiting_since, None);
    let silent = sweep(&world, &case, "2026-11-27T09:00");
    assert_eq!((silent.case.state, silent.case.waiting_since), (CaseState::Accepted, None));
    assert!(live(&silent.case, ClockKind::Close).is_running());
    assert_eq!(silent.case.joint_failures, 0);
    let unasked = command(Action::ReporterAnswered).unwrap();
    assert_eq!(refused(&world, &answered, &lead, &unasked, monday()), "case-not-waiting");
}

#[test]
fn time_in_verification_is_not_the_leads() {
    let world = World::new();
    let case = resolved(&world, at("2026-11-24T10:00"));
    assert!(case.clocks.iter().all(|c| !c.is_running()));
    let after = at("2026-12-10T10:00");
    assert!(escalation::sweep(&case, &world.scene(after)).unwrap().is_none());
    let case = go(&world, &case, &only(Party::Centre), Action::StartVerification, after);
    let failed = go(&world, &case, &only(Party::Centre), Action::FailVerification, after);
    assert_eq!((failed.state, failed.extent), (CaseState::Accepted, None));
    assert_eq!(live(&failed, ClockKind::Close).due, at("2026-12-16T17:30"));
    let closed = go(&world, &case, &only(Party::Centre), Action::Close, after);
    let close = closed
        .clocks
        .iter()
        .find(|c| c.kind == ClockKind::Close && c.whistle == WhistleLevel::Joint)
        .unwrap();
    assert!(close.was_kept(), "it counts from when the lead delivered");
}

#[test]
fn an_urgent_call_is_claimed_by_anybody_and_confirmed_by_a_centre() {
    let world = World::new();
    let case = world.reported(monday());
    let claimed =
        changes(&world, &case, &only(Party::Reporter), &command(Action::FlagUrgent).unwrap(), monday());
    assert_eq!(claimed.notices, [Notice { to: Audience::Org(STREET), kind: NoticeKind::UrgentClaimed }]);
    let case = claimed.case;
    assert!(case.urgent && !case.urgent_confirmed);
    let confirm = Command::ConfirmUrgent;
    assert_eq!(refused(&world, &case, &only(Party::GridWorker), &confirm, monday()), "case-not-yours");
    let case = run(&world, &case, &only(Party::Centre), &confirm, monday());
    let late = sweep(&world, &case, "2026-11-23T10:31");
    assert_eq!(late.case.whistle, WhistleLevel::Joint);
    assert_eq!(
        live(&late.case, ClockKind::UrgentOnSite).due,
        at("2026-11-23T11:01"),
        "the street's own half hour"
    );
    let calm = go(&world, &case, &only(Party::Centre), Action::ClearUrgent, monday());
    assert!(!calm.urgent && !calm.urgent_confirmed);
    assert!(calm.clocks.iter().all(|c| c.kind != ClockKind::UrgentOnSite || !c.is_live()));
}

#[test]
fn supervision_keeps_its_rhythm() {
    let world = World::new();
    let case =
        run(&world, &accepted(&world), &only(Party::StreetLeader), &blow(WhistleLevel::Tough), monday());
    let case = go(&world, &case, &only(Party::Above), Action::Supervise, at("2026-12-10T10:00"));
    assert_eq!(live(&case, ClockKind::Supervise).due, at("2027-01-09T10:00"));
    let late = sweep(&world, &case, "2027-01-10T10:00");
    assert!(told(&late, DISTRICT));
}
