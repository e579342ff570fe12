use super::*;

#[test]
fn who_resolves_does_not_verify() {
    let world = World::new();
    let on_site = go(&world, &accepted(&world), &only(Party::Lead), Action::Arrive, monday());
    let written = Resolution { doer: Some(someone(8)), ..resolution() };
    let case = run(&world, &on_site, &with(7, Party::Lead), &Command::Resolve(written), monday());
    let start = Command::StartVerification;
    for who in [7, 8] {
        assert_eq!(refused(&world, &case, &with(who, Party::Centre), &start, monday()), "case-verify-self");
    }
    let case = run(&world, &case, &with(9, Party::Centre), &start, monday());
    for who in [7, 8] {
        for action in [Action::Close, Action::FailVerification] {
            let command = command(action).unwrap();
            assert_eq!(
                refused(&world, &case, &with(who, Party::Above), &command, monday()),
                "case-verify-self"
            );
        }
    }
    let case = go(&world, &case, &with(9, Party::Centre), Action::FailVerification, monday());
    let case = go(&world, &case, &only(Party::Lead), Action::Arrive, monday());
    let case = run(&world, &case, &with(10, Party::Lead), &Command::Resolve(resolution()), monday());
    let key = refused(&world, &case, &with(7, Party::Centre), &start, monday());
    assert_eq!(key, "case-verify-self", "nor who resolved it before in the same round");
}

#[test]
fn the_reporter_has_fifteen_days_and_a_comment_does_not_move_them() {
    let world = World::new();
    let case = closed(&world, at("2026-11-24T10:00"));
    let until = at("2026-12-10T00:00");
    assert_eq!(case.reopen_until, Some(until));
    let comment = command(Action::Comment).unwrap();
    let case = run(&world, &case, &only(Party::Reporter), &comment, at("2026-12-05T10:00"));
    let case = go(&world, &case, &only(Party::Reporter), Action::Rate, at("2026-12-05T10:00"));
    assert_eq!(case.reopen_until, Some(until));
    let reopen = command(Action::Reopen).unwrap();
    assert_eq!(refused(&world, &case, &only(Party::Reporter), &reopen, until), "case-reopen-too-late");
    assert_eq!(refused(&world, &case, &only(Party::Hotline), &reopen, until), "case-reopen-too-late");
    let case = run(&world, &case, &only(Party::Reporter), &reopen, at("2026-12-09T23:59"));
    assert_eq!((case.state, case.lead, case.reopened), (CaseState::Reopened, WATER, 1));
    assert_eq!((case.satisfaction, case.extent, case.ended_at), (None, None, None));
    assert_eq!(live(&case, ClockKind::Close).due, at("2026-12-16T17:30"));
    let late = closed(&world, at("2026-11-24T10:00"));
    let above = run(&world, &late, &only(Party::Above), &reopen, at("2027-03-01T10:00"));
    assert_eq!(above.state, CaseState::Reopened, "supervision is not bound to the reporter's days");
}

#[test]
fn a_joint_whistle_that_fails_twice_becomes_tough() {
    let world = World::new();
    let mut case = closed(&world, at("2026-11-24T10:00"));
    case = go(&world, &case, &only(Party::Reporter), Action::Reopen, at("2026-11-25T10:00"));
    assert_eq!((case.whistle, case.joint_failures), (WhistleLevel::Joint, 1));
    case.state = CaseState::Closed;
    case.reopen_until = Some(at("2026-12-20T00:00"));
    case = go(&world, &case, &only(Party::Reporter), Action::Reopen, at("2026-11-26T10:00"));
    assert_eq!((case.whistle, case.lead, case.level), (WhistleLevel::Tough, DISTRICT, Level::District));
    assert_eq!(case.state, CaseState::Reopened);
}

#[test]
fn an_objection_to_being_declined_is_judged_one_level_up_and_once() {
    let world = World::new();
    let case = go(&world, &world.reported(monday()), &only(Party::Centre), Action::Decline, monday());
    assert!(case.clocks.iter().all(|c| !c.is_live()));
    let case = go(&world, &case, &only(Party::Reporter), Action::Reopen, at("2026-11-24T10:00"));
    assert_eq!((case.state, case.lead, case.level), (CaseState::Reopened, DISTRICT, Level::District));
    let decline = command(Action::Decline).unwrap();
    assert_eq!(refused(&world, &case, &only(Party::Centre), &decline, monday()), "case-not-yours-now");
    let case = run(&world, &case, &only(Party::Above), &decline, at("2026-11-25T10:00"));
    let again = command(Action::Reopen).unwrap();
    let key = refused(&world, &case, &only(Party::Reporter), &again, at("2026-11-26T10:00"));
    assert_eq!(key, "case-objected-already");
}

#[test]
fn a_merged_case_is_followed_in_the_other_and_never_in_itself() {
    let world = World::new();
    let case = world.reported(monday());
    let own = Command::Merge { into: case.id };
    assert_eq!(refused(&world, &case, &only(Party::Centre), &own, monday()), "into: error-merge-self");
    let mut parent = case.clone();
    parent.open_tasks = 2;
    let merge = command(Action::Merge).unwrap();
    assert_eq!(refused(&world, &parent, &only(Party::Centre), &merge, monday()), "case-tasks-open");
    let done = changes(&world, &case, &only(Party::Centre), &merge, monday());
    assert_eq!((done.case.state, done.case.lead), (CaseState::Merged, GRID));
    assert!(done.case.merged_into.is_some() && done.case.next_due().is_none());
    assert!(done.notices.contains(&Notice { to: Audience::Reporter, kind: NoticeKind::Merged }));
}

#[test]
fn internal_notes_stay_internal_and_replies_are_public() {
    let world = World::new();
    let case = accepted(&world);
    let public = |action| {
        let command = command(action).unwrap();
        changes(&world, &case, &only(Party::Lead), &command, monday()).entries[0].public
    };
    assert!(!public(Action::Note) && !public(Action::RequestExtension) && !public(Action::RequestReturn));
    assert!(public(Action::Comment) && public(Action::Arrive) && public(Action::AskReporter));
    let empty = Command::Note { text: "  ".into() };
    assert_eq!(refused(&world, &case, &only(Party::Lead), &empty, monday()), "text: error-required");
    let long = Command::Note { text: "长".repeat(2001) };
    assert_eq!(refused(&world, &case, &only(Party::Lead), &long, monday()), "text: error-too-long");
    let hidden = go(&world, &case, &only(Party::Reporter), Action::HideIdentity, monday());
    assert!(hidden.reported.hidden_identity);
}

#[test]
fn rates_count_facts() {
    let world = World::new();
    let mut tally = Tally::default();
    let never = accepted(&world);
    assert_eq!(contact_kept(&never), Some(false), "not yet is not kept");
    let kept = go(&world, &never, &only(Party::Lead), Action::Contact, at("2026-11-24T10:00"));
    let late = go(&world, &never, &only(Party::Lead), Action::Contact, at("2026-11-24T10:01"));
    let regular = world.reported(monday());
    for case in [&never, &kept, &late, &regular] {
        tally.add_case(case);
    }
    assert_eq!(tally.response, Share { of: 3, part: 1 }, "a regular whistle has no such promise");
    assert_eq!(tally.found, Share { of: 4, part: 0 });
    let call = |reached, solved, satisfaction| FollowUp { reached, contacted: None, solved, satisfaction };
    tally.add_call(call(true, Some(true), Some(Satisfaction::Mostly)));
    tally.add_call(call(true, Some(false), Some(Satisfaction::Dissatisfied)));
    tally.add_call(call(false, None, None));
    assert_eq!((tally.solution.percent(), tally.satisfaction.percent()), (Some(50.0), Some(50.0)));
    assert_eq!(Share::default().percent(), None);
    let mut sum = tally;
    sum += tally;
    assert_eq!(sum.response, Share { of: 6, part: 2 });
    let odd = Command::FollowUp(call(false, Some(true), None));
    let closed = closed(&world, monday());
    assert_eq!(refused(&world, &closed, &only(Party::Centre), &odd, monday()), "reached: error-not-reached");
    let half = Command::FollowUp(call(true, Some(true), None));
    assert_eq!(
        refused(&world, &closed, &only(Party::Centre), &half, monday()),
        "satisfaction: error-required"
    );
}
