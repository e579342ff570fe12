use super::*;

#[test]
fn seven_steps_of_one_case() {
    let world = World::new();
    let case = world.reported(monday());
    assert_eq!((case.state, case.lead, case.level), (CaseState::Reported, GRID, Level::Grid));
    let case = accepted(&world);
    assert_eq!((case.state, case.lead, case.level), (CaseState::Accepted, WATER, Level::Street));
    assert_eq!(case.assisting, [ROADS], "each assists once and the lead does not");
    let case = closed(&world, at("2026-11-24T10:00"));
    assert_eq!(case.state, CaseState::Closed);
    assert!(case.clocks.iter().all(|c| !c.is_live()));
    let case = go(&world, &case, &only(Party::Reporter), Action::Rate, at("2026-11-25T10:00"));
    assert_eq!((case.state, case.satisfaction), (CaseState::Rated, Some(Satisfaction::VerySatisfied)));
}

#[test]
fn the_grid_answers_a_regular_whistle_itself() {
    let world = World::new();
    let mut case = world.reported(monday());
    case = go(&world, &case, &only(Party::GridWorker), Action::File, monday());
    let elsewhere = command(Action::Dispatch).unwrap();
    assert_eq!(refused(&world, &case, &only(Party::Centre), &elsewhere, monday()), "whistle-joint-needed");
    case = go(&world, &case, &only(Party::Lead), Action::Accept, monday());
    case = go(&world, &case, &only(Party::Lead), Action::Resolve, monday());
    assert_eq!((case.state, case.lead), (CaseState::Resolved, GRID));
    let back = command(Action::RequestReturn).unwrap();
    let mut case = world.ready_for(CaseState::Accepted, Action::RequestReturn);
    case.whistle = WhistleLevel::Regular;
    assert_eq!(refused(&world, &case, &only(Party::Lead), &back, monday()), "case-return-regular");
}

#[test]
fn a_place_that_is_not_known_goes_to_the_centre_that_can_find_it() {
    let world = World::new();
    assert_eq!(world.report_from("371002", monday()).lead, DISTRICT);
    let case = world.report_from("371002001", monday());
    assert_eq!((case.lead, case.level), (STREET, Level::Street));
    let found = Command::Locate { area: area(GRID_AREA) };
    let case = run(&world, &case, &only(Party::Centre), &found, monday());
    assert_eq!((case.lead, case.level), (GRID, Level::Grid));
    assert_eq!(live(&case, ClockKind::Close).org, GRID);
    let without_team = World { chain: crate::model::Chain { grid: None, ..world.chain }, ..World::new() };
    assert_eq!(without_team.reported(monday()).lead, STREET, "never without a lead");
}

#[test]
fn who_may_blow_what_and_who_must_answer() {
    let blowers = |w| whistle::blowers(w).collect::<Vec<_>>();
    assert_eq!(blowers(WhistleLevel::Regular), [Party::GridWorker, Party::Reporter, Party::Hotline]);
    assert_eq!(blowers(WhistleLevel::Joint), [Party::Secretary, Party::Centre]);
    assert_eq!(blowers(WhistleLevel::Tough), [Party::StreetLeader, Party::Above]);
    let answers = WhistleLevel::ALL.iter().map(|w| whistle::answering(*w));
    assert!(answers.eq([Level::Grid, Level::Street, Level::District]));
}

#[test]
fn a_whistle_only_rises_and_its_centre_leads_until_it_dispatches() {
    let world = World::new();
    let case = accepted(&world);
    assert_eq!(
        refused(&world, &case, &only(Party::Centre), &blow(WhistleLevel::Joint), monday()),
        "whistle-not-higher"
    );
    assert_eq!(
        refused(&world, &case, &only(Party::Centre), &blow(WhistleLevel::Regular), monday()),
        "whistle-not-higher"
    );
    assert_eq!(
        refused(&world, &case, &only(Party::Secretary), &blow(WhistleLevel::Tough), monday()),
        "case-not-yours"
    );
    let done = changes(&world, &case, &only(Party::StreetLeader), &blow(WhistleLevel::Tough), monday());
    let case = done.case;
    assert_eq!((case.state, case.lead, case.level), (CaseState::Filed, DISTRICT, Level::District));
    assert_eq!(case.assisting, [ROADS, WATER], "the former lead goes on helping");
    assert!(done.notices.contains(&Notice { to: Audience::Org(DISTRICT), kind: NoticeKind::WhistleBlown }));
    assert_eq!(live(&case, ClockKind::Supervise).due, at("2026-12-23T10:00"));
}

#[test]
fn a_tough_whistle_is_answered_with_a_plan() {
    let world = World::new();
    let mut case = accepted(&world);
    case.whistle = WhistleLevel::Tough;
    let bare = Command::Arrive { plan: None };
    assert_eq!(refused(&world, &case, &only(Party::Lead), &bare, monday()), "plan: error-required");
    assert_eq!(go(&world, &case, &only(Party::Lead), Action::Arrive, monday()).state, CaseState::OnSite);
}

#[test]
fn resolving_needs_words_hands_and_sometimes_a_photo() {
    let world = World::new();
    let case = accepted(&world);
    let lead = only(Party::Lead);
    let full = Command::Resolve(resolution());
    assert_eq!(refused(&world, &case, &lead, &full, monday()), "case-nobody-on-site");
    let mut question = case.clone();
    question.reported.nature = Nature::Question;
    assert_eq!(run(&world, &question, &lead, &full, monday()).extent, Some(Extent::Solved));
    question.urgent_confirmed = true;
    assert_eq!(refused(&world, &question, &lead, &full, monday()), "case-nobody-on-site");
    let case = go(&world, &case, &lead, Action::Arrive, monday());
    for (field, empty) in [
        ("done", Resolution { done: " ".into(), ..resolution() }),
        ("done_by", Resolution { done_by: String::new(), ..resolution() }),
        ("reply", Resolution { reply: String::new(), ..resolution() }),
    ] {
        let key = refused(&world, &case, &lead, &Command::Resolve(empty), monday());
        assert_eq!(key, format!("{field}: error-required"));
    }
    let bare = Command::Resolve(Resolution { photos: 0, ..resolution() });
    let strict = Scene { photo_required: true, ..world.scene(monday()) };
    assert!(matches!(decide(&case, &bare, &lead, &strict), Err(Error::Invalid(f)) if f[0].field == "photos"));
    assert!(decide(&case, &full, &lead, &strict).is_ok());
    assert_eq!(run(&world, &case, &lead, &bare, monday()).state, CaseState::Resolved);
    let mut parent = case;
    parent.open_tasks = 1;
    assert_eq!(refused(&world, &parent, &lead, &full, monday()), "case-tasks-open");
}

#[test]
fn standing_is_read_from_posts() {
    let world = World::new();
    let case = accepted(&world);
    let is = |role, code: &str, org| {
        standing(&person(1, role, code, org), &case, false).parties.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(is(Role::GridWorker, GRID_AREA, GRID), [Party::GridWorker]);
    assert_eq!(is(Role::GridWorker, "371002001001006", GRID), []);
    assert_eq!(is(Role::StreetCentre, "371002001", STREET), [Party::Centre]);
    assert_eq!(is(Role::StreetCentre, "371002002", STREET), []);
    assert_eq!(is(Role::DistrictCentre, "371002", DISTRICT), [Party::Above]);
    assert_eq!(is(Role::Department, "371002", WATER), [Party::Lead]);
    assert_eq!(is(Role::Department, "371002", ROADS), [Party::Assisting]);
    assert_eq!(is(Role::Department, "371002", PARKS), []);
    for role in [Role::SystemAdmin, Role::SecurityOfficer, Role::Auditor] {
        assert_eq!(is(role, "371002", WATER), [], "who keeps the machine does not work on cases");
    }
    assert_eq!(standing(&Actor::Public, &case, true).parties.len(), 1);
    assert!(standing(&Actor::Public, &case, false).parties.is_empty());
    let client = |scope: &str, code: &str| Actor::Client {
        id: uuid::Uuid::nil(),
        name: "12345".into(),
        scopes: vec![scope.into()],
        area: area(code),
    };
    assert!(standing(&client(super::super::HOTLINE_SCOPE, "371002"), &case, false).is(Party::Hotline));
    assert!(standing(&client(super::super::HOTLINE_SCOPE, "371003"), &case, false).parties.is_empty());
    assert!(standing(&client("cases:read", "371002"), &case, false).parties.is_empty());
}

#[test]
fn buttons_are_what_the_table_allows() {
    let open: Vec<_> = transitions::open_to(CaseState::Closed, &only(Party::Reporter).parties).collect();
    assert_eq!(open, [Action::Rate, Action::Reopen, Action::HideIdentity, Action::Comment]);
}

#[test]
fn nothing_is_open_that_would_be_refused_anyway() {
    let world = World::new();
    let mut case = accepted(&world);
    let open = |case: &Case, by: &Standing| super::super::open_to(case, by, &world.rules);
    let centre = only(Party::Centre);
    assert!(!open(&case, &centre).contains(&Action::ClearUrgent), "it is not urgent");
    assert!(!open(&case, &only(Party::Lead)).contains(&Action::Resolve), "whoever was called comes first");
    case.urgent = true;
    assert!(open(&case, &centre).contains(&Action::ClearUrgent));
    assert!(!open(&case, &centre).contains(&Action::FlagUrgent));
    // What one organisation asks for, another decides.
    let lead = with(7, Party::Lead);
    let mut asked = go(&world, &case, &lead, Action::RequestReturn, monday());
    asked.returns = 2;
    assert!(!open(&asked, &centre).contains(&Action::DecideReturn), "the second is ruled above");
    assert!(open(&asked, &only(Party::Above)).contains(&Action::DecideReturn));
    // Whoever resolved is not asked whether it is done.
    let done = resolved(&world, monday());
    assert!(!open(&done, &with(7, Party::Centre)).contains(&Action::StartVerification));
    assert!(open(&done, &centre).contains(&Action::StartVerification));
    // A declined case is objected to once.
    let declined = Case { objected: true, state: CaseState::Declined, ..case };
    assert!(!open(&declined, &only(Party::Reporter)).contains(&Action::Reopen));
}
