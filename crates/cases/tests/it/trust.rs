//! Who sees and does what: refusals, hidden identities, reasons.

use linli_access::Access;
use linli_cases::{
    app::{BULK, act_on_many, triage_many, unmask},
    model::{ClockKind, ClockRules, Command},
    read, settings,
};
use linli_store::activity;
use linli_testkit::both_engines;

use super::*;

both_engines! {
    async fn what_one_cannot_see_is_not_there(s) {
        let d = district(&s).await;
        let id = report(&d, well()).await.id;
        not_found(try_act(&d, &other_street(), id, Command::File).await);
        not_found(try_act(&d, &water(), id, Command::Accept).await);
        not_found(try_act(&d, &person(20, Role::SystemAdmin, DISTRICT, 99), id, Command::Note { text: "x".into() }).await);
        forbidden(try_act(&d, &grid_worker(), id, Command::Dispatch { lead: org(WATER), assisting: vec![], note: None }).await);
        let nobody = try_act(&d, &Actor::Public, id, Command::File).await;
        assert!(matches!(nobody, Err(Error::Unauthorised)), "{nobody:?}");
        let mut conn = d.db.read().await.unwrap();
        not_found(read::detail(&mut conn, &scope(&d, &other_street()), id).await.map(|_| ()));
        not_found(read::detail(&mut conn, &scope(&d, &person(21, Role::Auditor, DISTRICT, 98)), id).await.map(|_| ()));
    }

    async fn a_grid_answers_its_own_case(s) {
        let d = district(&s).await;
        let id = report(&d, NewReport { category: Some(LAMP.into()), ..well() }).await.id;
        act(&d, &grid_worker(), id, Command::File).await;
        act(&d, &grid_worker(), id, Command::Accept).await;
        act(&d, &grid_worker(), id, resolution()).await;
        forbidden(try_act(&d, &grid_worker(), id, Command::StartVerification).await);
        act(&d, &secretary(), id, Command::StartVerification).await;
    }

    async fn names_in_commands_must_mean_something(s) {
        let d = district(&s).await;
        let id = report(&d, well()).await.id;
        let wrong = |field: &'static str, result: Result<CaseState>| {
            assert!(matches!(&result, Err(Error::Invalid(f)) if f[0].field == field), "{result:?}");
        };
        wrong("category", try_act(&d, &street(), id, Command::Recategorise { category: "77".into() }).await);
        wrong("area", try_act(&d, &street(), id, Command::Locate { area: "371002001009009".parse().unwrap() }).await);
        wrong("lead", try_act(&d, &street(), id, Command::Dispatch { lead: org(777), assisting: vec![], note: None }).await);
        let mut bad = op(&d, Actor::Public).await;
        let all = app::report(&mut bad, NewReport {
            text: " ".into(),
            category: Some("77".into()),
            reporter: ReporterInput { phone: Some("12".into()), ..ReporterInput::default() },
            ..well()
        }).await;
        let Err(Error::Invalid(fields)) = all else { panic!("{all:?}") };
        assert_eq!(fields.iter().map(|f| f.field.as_str()).collect::<Vec<_>>(), ["text", "phone", "category"]);
        drop(bad);
        forbidden_source(&d).await;
    }

    async fn a_hidden_identity_is_for_the_centre_alone(s) {
        let d = district(&s).await;
        let hidden = ReporterInput { hidden: true, ..well().reporter };
        let id = report(&d, NewReport { reporter: hidden, ..well() }).await.id;
        triage(&d, &street(), id, joint(WATER)).await;
        let access = d.port::<Access>().unwrap();
        let mut conn = d.db.read().await.unwrap();
        let seen = read::detail(&mut conn, &scope(&d, &water()), id).await.unwrap().reporter(&access, &water()).unwrap();
        assert!(seen.hidden && seen.name.is_none() && seen.phone.is_none());
        let seen = read::detail(&mut conn, &scope(&d, &street()), id).await.unwrap().reporter(&access, &street()).unwrap();
        assert_eq!(seen.phone.unwrap().as_str(), "138****8000");
        drop(conn);

        let mut looking = op(&d, water()).await;
        forbidden(unmask(&mut looking, id, "要联系反映人").await);
        drop(looking);
        let mut looking = op(&d, street()).await;
        assert!(matches!(unmask(&mut looking, id, "看").await, Err(Error::Invalid(_))));
        drop(looking);
        let mut looking = op(&d, street()).await;
        let contact = unmask(&mut looking, id, "核实井的位置").await.unwrap();
        looking.commit().await.unwrap();
        assert_eq!((contact.name.as_deref(), contact.phone.as_deref()), (Some("王小明"), Some("13800138000")));
        let mut conn = d.db.read().await.unwrap();
        let rows: Vec<(String, String)> = conn
            .all("SELECT actor, detail FROM activity WHERE action = 'case.read_contact'", vec![])
            .await
            .unwrap();
        assert_eq!(rows.len(), 1);
        assert!(rows[0].0 == "street_centre 3" && rows[0].1.contains("核实井的位置"), "{rows:?}");
    }

    async fn an_anonymous_report_keeps_no_contact(s) {
        let d = district(&s).await;
        let anonymous = ReporterInput { anonymous: true, ..well().reporter };
        let id = report(&d, NewReport { reporter: anonymous, ..well() }).await.id;
        let mut conn = d.db.read().await.unwrap();
        let kept: i64 = conn
            .scalar(
                "SELECT count(reporter_name) + count(reporter_phone) + count(phone_hash) FROM case_file WHERE id = $1",
                linli_kernel::params![id],
            )
            .await
            .unwrap();
        assert_eq!(kept, 0);
    }

    async fn nothing_personal_is_readable_in_the_file(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        let mut conn = d.db.read().await.unwrap();
        let row: (Vec<u8>, Vec<u8>, Vec<u8>) = conn
            .one("SELECT reporter_name, reporter_phone, token_hash FROM case_file", vec![])
            .await
            .unwrap();
        for (field, clear) in [(&row.0, "王小明".as_bytes()), (&row.1, b"13800138000"), (&row.2, receipt.token.as_bytes())] {
            assert!(!field.windows(clear.len()).any(|w| w == clear));
        }
        let log: Vec<(String,)> = conn.all("SELECT detail FROM activity", vec![]).await.unwrap();
        assert!(log.iter().all(|(detail,)| !detail.contains("13800138000") && !detail.contains("王小明")));
    }

    async fn one_bad_row_does_not_stop_the_others(s) {
        let d = district(&s).await;
        let (one, far) = (report(&d, well()).await, report(&d, NewReport { area: Some(FAR_GRID.parse().unwrap()), ..well() }).await);
        let two = report(&d, well()).await;
        let mut many = op(&d, street()).await;
        let rows = [one.id, far.id, two.id].into_iter().map(|id| (id, joint(WATER))).collect();
        let results = triage_many(&mut many, rows).await.unwrap();
        many.commit().await.unwrap();
        assert!(matches!(results[1].1, Err(Error::NotFound)));
        assert_eq!(results.iter().filter(|(_, r)| matches!(r, Ok(CaseState::Assigned))).count(), 2);
        let mut again = op(&d, street()).await;
        let to_roads = Command::Dispatch { lead: org(ROADS), assisting: vec![], note: None };
        let results = act_on_many(&mut again, vec![one.id, two.id], &to_roads).await.unwrap();
        assert!(results.iter().all(|(_, r)| r.is_ok()));
        assert!(act_on_many(&mut again, vec![one.id; BULK + 1], &to_roads).await.is_err());
        drop(again);
        turn(&d).await;
        assert!(activity::verify(&d.db).await.unwrap().faults.is_empty());
    }

    async fn the_administrator_edits_the_clocks(s) {
        let d = district(&s).await;
        let admin = person(30, Role::SystemAdmin, DISTRICT, 99);
        let mut conn = d.db.read().await.unwrap();
        let mut rules = settings::clock_rules(&mut conn).await.unwrap();
        let mut calendar = settings::calendar(&mut conn).await.unwrap();
        drop(conn);
        rules.rows.iter_mut().find(|r| r.kind == ClockKind::Close).unwrap().allowance.amount = 2;
        let mut no = op(&d, street()).await;
        assert!(settings::save_clock_rules(&mut no, rules.clone()).await.is_err());
        drop(no);
        let mut saving = op(&d, admin.clone()).await;
        settings::save_clock_rules(&mut saving, rules.clone()).await.unwrap();
        saving.commit().await.unwrap();
        let id = report(&d, well()).await.id;
        let mut conn = d.db.read().await.unwrap();
        let detail = read::detail(&mut conn, &scope(&d, &street()), id).await.unwrap();
        assert_eq!(detail.row.next_due, Some(at("2026-11-25T17:30")));
        drop(conn);

        let none = ClockRules { rows: vec![], ..rules.clone() };
        let mut saving = op(&d, admin.clone()).await;
        assert!(matches!(settings::save_clock_rules(&mut saving, none).await, Err(Error::Invalid(_))));
        drop(saving);
        rules.rows.push(rules.rows[0].clone());
        calendar.hours.clear();
        let mut saving = op(&d, admin).await;
        assert!(matches!(settings::save_clock_rules(&mut saving, rules).await, Err(Error::Invalid(_))));
        assert!(matches!(settings::save_calendar(&mut saving, calendar).await, Err(Error::Invalid(_))));
    }

    async fn templates_fit_category_and_state(s) {
        use linli_cases::app::templates::{self, TemplateInput};
        let d = district(&s).await;
        let make = |title: &str, category: Option<&str>, state: Option<CaseState>| TemplateInput {
            id: None, category: category.map(str::to_owned), state, title: title.into(), body: "您好".into(),
        };
        let mut saving = op(&d, centre()).await;
        templates::save(&mut saving, make("一般", None, None)).await.unwrap();
        let well = templates::save(&mut saving, make("污水", Some("01"), Some(CaseState::OnSite))).await.unwrap();
        templates::save(&mut saving, make("别的", Some(LAMP), None)).await.unwrap();
        let nowhere = templates::save(&mut saving, make("没有", Some("999999"), None)).await.unwrap_err();
        assert!(matches!(nowhere, Error::Invalid(fields) if fields[0].key == "case-category-unknown"));
        saving.commit().await.unwrap();
        let mut no = op(&d, street()).await;
        assert!(templates::delete(&mut no, well).await.is_err());
        drop(no);
        let mut conn = d.db.read().await.unwrap();
        let titles = |found: Vec<templates::Template>| found.into_iter().map(|t| t.title).collect::<Vec<_>>();
        assert_eq!(titles(templates::fitting(&mut conn, Some(WELL), CaseState::OnSite).await.unwrap()), ["污水", "一般"]);
        assert_eq!(titles(templates::fitting(&mut conn, None, CaseState::OnSite).await.unwrap()), ["一般"]);
    }
}

/// The public cannot pretend to be the hotline or a grid worker.
async fn forbidden_source(d: &Arc<District>) {
    for source in [Source::Hotline, Source::Grid, Source::Inspection] {
        let mut op = op(d, Actor::Public).await;
        let no = app::report(&mut op, NewReport { source, ..well() }).await;
        assert!(matches!(no, Err(Error::Unauthorised)), "{no:?}");
    }
}
