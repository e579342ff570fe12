use super::*;

fn send_back(to: linli_kernel::actor::OrgId) -> Command {
    Command::RequestReturn { reason: ReturnReason::NotOurDuty, to, note: "供热管网归公园".into() }
}

#[test]
fn the_first_return_may_be_settled_by_consent_the_second_binds() {
    let world = World::new();
    let now = at("2026-11-23T11:00");
    let case = accepted(&world);
    assert_eq!(refused(&world, &case, &only(Party::Lead), &send_back(WATER), now), "to: error-return-self");
    let asked = changes(&world, &case, &only(Party::Lead), &send_back(PARKS), now);
    assert_eq!(
        (asked.case.state, asked.case.lead),
        (CaseState::Returned, WATER),
        "who received it first leads on"
    );
    let told: Vec<_> = asked.notices.iter().map(|n| n.to).collect();
    assert_eq!(told, [Audience::Org(STREET), Audience::Org(PARKS)]);
    let own = with(1000 + Party::Lead as u128, Party::Proposed);
    assert_eq!(refused(&world, &asked.case, &own, &Command::ConsentReturn, now), "case-own-ask");
    let case = go(&world, &asked.case, &only(Party::Proposed), Action::ConsentReturn, now);
    assert_eq!((case.state, case.lead, case.returns), (CaseState::Accepted, PARKS, 1));

    let asked = changes(&world, &case, &only(Party::Lead), &send_back(ROADS), now);
    assert_eq!(asked.notices, [Notice { to: Audience::Org(DISTRICT), kind: NoticeKind::AskWaiting }]);
    let case = asked.case;
    assert_eq!(
        refused(&world, &case, &only(Party::Proposed), &Command::ConsentReturn, now),
        "case-above-decides"
    );
    let decision = |lead| Command::DecideReturn { lead, note: "按主责清单".into() };
    assert_eq!(refused(&world, &case, &only(Party::Centre), &decision(ROADS), now), "case-above-decides");
    let case = run(&world, &case, &only(Party::Above), &decision(WATER), now);
    assert_eq!((case.state, case.lead, case.lead_bound), (CaseState::Assigned, WATER, true));
    assert_eq!(refused(&world, &case, &only(Party::Lead), &send_back(ROADS), now), "case-lead-bound");
    let away = command(Action::Dispatch).unwrap();
    assert_eq!(refused(&world, &case, &only(Party::Centre), &away, now), "case-lead-bound");
    assert_eq!(run(&world, &case, &only(Party::Above), &away, now).lead, ROADS);
}

#[test]
fn a_centre_that_leads_does_not_judge_its_own_return() {
    let world = World::new();
    let mut case = world.ready_for(CaseState::Returned, Action::DecideReturn);
    case.lead = STREET;
    let mut centre = only(Party::Centre);
    centre.parties.insert(Party::Lead);
    let decision = command(Action::DecideReturn).unwrap();
    assert_eq!(refused(&world, &case, &centre, &decision, monday()), "case-own-ask");
    centre.parties.insert(Party::Above);
    assert_eq!(run(&world, &case, &centre, &decision, monday()).state, CaseState::Assigned);
}

#[test]
fn a_return_changes_who_is_held_to_the_clocks_not_the_promise() {
    let world = World::new();
    let case = accepted(&world);
    let promised = live(&case, ClockKind::Close).due;
    let later = at("2026-11-24T10:00");
    let case = run(&world, &case, &only(Party::Lead), &send_back(PARKS), later);
    let case = go(&world, &case, &only(Party::Centre), Action::DecideReturn, at("2026-11-24T15:00"));
    assert_eq!(case.lead, ROADS);
    let closing = live(&case, ClockKind::Close);
    assert_eq!((closing.due, closing.org), (promised, ROADS));
    assert_eq!(live(&case, ClockKind::Sign).due, at("2026-11-24T16:00"));
}

#[test]
fn an_extension_is_granted_once_before_expiry_by_the_level_above() {
    let world = World::new();
    let case = accepted(&world);
    let due = live(&case, ClockKind::Close).due;
    assert_eq!(due, at("2026-11-30T17:30"));
    let lead = only(Party::Lead);
    let ask = |days| Command::RequestExtension { days, reason: "等配件".into() };
    let decide = |grant| Command::DecideExtension { grant, note: None };
    let now = at("2026-11-27T10:00");
    for days in [0, 11] {
        assert_eq!(refused(&world, &case, &lead, &ask(days), now), "days: error-extension-days");
    }
    assert_eq!(refused(&world, &case, &lead, &ask(5), at("2026-11-30T17:31")), "clock-overdue");
    let asked = run(&world, &case, &lead, &ask(10), now);
    assert_eq!(refused(&world, &asked, &lead, &ask(10), now), "case-ask-pending");
    assert_eq!(refused(&world, &asked, &only(Party::Centre), &decide(true), now), "case-not-yours");
    let same = with(1000 + Party::Lead as u128, Party::Above);
    assert_eq!(refused(&world, &asked, &same, &decide(true), now), "case-own-ask");
    let above = only(Party::Above);
    assert_eq!(refused(&world, &asked, &above, &decide(true), at("2026-11-30T17:31")), "clock-overdue");
    let not = run(&world, &asked, &above, &decide(false), now);
    assert_eq!((live(&not, ClockKind::Close).due, not.ask.clone()), (due, None));
    let longer = run(&world, &asked, &above, &decide(true), now);
    assert_eq!(live(&longer, ClockKind::Close).due, at("2026-12-14T17:30"));
    assert_eq!(refused(&world, &longer, &lead, &ask(1), now), "clock-extended-already");
    let mut regular = case;
    regular.whistle = WhistleLevel::Regular;
    assert_eq!(refused(&world, &regular, &lead, &ask(1), now), "clock-not-extensible");
}

#[test]
fn a_case_put_aside_stands_still_until_its_review() {
    let world = World::new();
    let case = accepted(&world);
    let review = at("2026-12-07T09:00");
    let suspend = |review| Command::Suspend { review, reason: "冬季无法开挖".into() };
    let centre = only(Party::Centre);
    assert_eq!(refused(&world, &case, &centre, &suspend(monday()), monday()), "review: error-review-day");
    let far = at("2027-12-23T09:00");
    assert_eq!(refused(&world, &case, &centre, &suspend(far), monday()), "review: error-review-day");
    let asked = go(&world, &case, &only(Party::Lead), Action::RequestSuspension, monday());
    let same = with(1000 + Party::Lead as u128, Party::Centre);
    assert_eq!(refused(&world, &asked, &same, &suspend(review), monday()), "case-own-ask");
    let refusal = go(&world, &asked, &centre, Action::RefuseSuspension, monday());
    assert_eq!((refusal.state, refusal.ask), (CaseState::Accepted, None));
    let on_site = go(&world, &asked, &only(Party::Lead), Action::Arrive, monday());
    let put = run(&world, &on_site, &centre, &suspend(review), monday());
    assert_eq!(put.next_due(), Some(review), "only the review runs");
    assert!(escalation::sweep(&put, &world.scene(at("2026-12-06T09:00"))).unwrap().is_none());
    let told = escalation::sweep(&put, &world.scene(at("2026-12-07T09:01"))).unwrap().unwrap();
    assert_eq!(told.case.state, CaseState::Suspended);
    assert!(told.notices.contains(&Notice { to: Audience::Org(STREET), kind: NoticeKind::Overdue }));
    let back = go(&world, &put, &centre, Action::Resume, at("2026-12-07T10:00"));
    assert_eq!((back.state, back.suspension), (CaseState::OnSite, None));
    assert_eq!(live(&back, ClockKind::Close).due, at("2026-12-14T17:30"), "ten working days later");
    let mut own = only(Party::Centre);
    own.parties.insert(Party::Lead);
    assert_eq!(refused(&world, &on_site, &own, &suspend(review), monday()), "case-own-ask");
}

#[test]
fn one_thing_is_asked_at_a_time_and_lapses_with_its_occasion() {
    let world = World::new();
    let case = go(&world, &accepted(&world), &only(Party::Lead), Action::RequestExtension, monday());
    assert!(matches!(case.ask, Some(Ask::Extension { days: 5, .. })));
    assert_eq!(refused(&world, &case, &only(Party::Lead), &send_back(PARKS), monday()), "case-ask-pending");
    let suspension = command(Action::RequestSuspension).unwrap();
    assert_eq!(refused(&world, &case, &only(Party::Lead), &suspension, monday()), "case-ask-pending");
    assert_eq!(
        refused(
            &world,
            &case,
            &only(Party::Centre),
            &Command::RefuseSuspension { note: "否".into() },
            monday()
        ),
        "case-nothing-asked"
    );
    assert_eq!(go(&world, &case, &only(Party::Centre), Action::Dispatch, monday()).ask, None);
}
