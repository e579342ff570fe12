//! To-dos of weekly meetings: settled, coming back, given on; and what each of those who look sees.

use chrono::NaiveDate;

use super::*;

both_engines! {
    async fn a_to_do_comes_back_until_it_is_done(s) {
        let d = district(&s).await;
        let id = ready(&d).await;
        let it = given(&d, id, "2026-11-26").await;
        assert_eq!((it.subject.as_deref(), it.subject_words.as_str(), it.subject_area.as_str()), (Some(Uuid::from_u128(7).to_string().as_str()), "HC20261123-000007", GRID));
        let mine = |d: Arc<District>, n: u128| async move { meeting::todos_of(&mut d.db.read().await.unwrap(), who(n)).await.unwrap() };
        assert_eq!(mine(d.clone(), ONE).await.len(), 1);
        assert!(mine(d.clone(), TWO).await.is_empty());
        let settle = |d: Arc<District>, by: Actor, what: Settled, said: &'static str| async move { act!(d, by, settle(it.id, what, said)) };
        let it = given_again(&d, it.id).await;
        for (by, answer) in [(two(), "meeting-todo-not-yours"), (account(3, Role::StreetCentre, STREET), "error-forbidden"), (account(8, Role::GridWorker, FAR_GRID), "404")] {
            assert_eq!(key(settle(d.clone(), by, Settled::Done, "").await), answer);
        }
        assert_eq!(key(settle(d.clone(), one(), Settled::Stuck, " ").await), "meeting-todo-why");
        settle(d.clone(), one(), Settled::Stuck, "没人接电话").await.unwrap();
        come(&d, id).await;
        d.clock.advance(DAY * 2);
        act!(d, head(), close(id)).unwrap();
        // Next week it is on the agenda by itself, overdue, with what was said of it.
        d.clock.advance(DAY * 5);
        arm(&d, &handlers()).await.unwrap();
        work(&d).await;
        let next = ids(&d).await[1];
        let again = point_of(&whole(&d, next).await, PointKind::Todo);
        assert_eq!((again.facts["result"].as_str(), again.facts["tied"].as_str()), ("没人接电话", "HC20261123-000007"));
        assert!(mine(d.clone(), ONE).await[0].overdue(d.clock.now()));
        let scope = scope(&d, &head(), "meeting.read");
        let late = |d: Arc<District>, scope: linli_access::Scope| async move {
            let now = d.clock.now();
            meeting::todos(&mut d.db.read().await.unwrap(), &scope, &area(COMMUNITY), Which::Overdue, now, None, 10).await.unwrap().items
        };
        assert_eq!(late(d.clone(), scope.clone()).await.len(), 1);
        // Done, by two taps at once; then it changes no more, and the point is over.
        let (a, b) = tokio::join!(settle(d.clone(), one(), Settled::Done, "灯亮了"), settle(d.clone(), one(), Settled::Done, "灯亮了"));
        assert!(a.is_ok() && b.is_ok());
        assert_eq!(count(&d, "meeting.settle").await, 2);
        assert_eq!(key(settle(d.clone(), one(), Settled::Done, "又说一遍").await), "meeting-todo-settled");
        assert_eq!(key(settle(d.clone(), one(), Settled::Stuck, "不行").await), "meeting-todo-settled");
        act!(d, head(), refresh(next)).unwrap();
        assert!(whole(&d, next).await.point(again.id).unwrap().struck);
        assert!(late(d.clone(), scope).await.is_empty() && mine(d.clone(), ONE).await.is_empty());
        let gone = Change { base: it.version, new: NewTodo::default(), dropped: Some("已拆".into()) };
        assert_eq!(key(act!(d, head(), change(it.id, &gone))), "meeting-todo-settled");
    }

    async fn a_to_do_is_given_on_and_dropped_by_who_holds_the_meeting(s) {
        let d = district(&s).await;
        let id = ready(&d).await;
        let it = given(&d, id, "2026-12-01").await;
        let to = |n: u128, base: i64| Change { base, new: todo("打电话催路灯", n, "2026-12-02"), dropped: None };
        assert_eq!(key(act!(d, one(), change(it.id, &to(TWO, 1)))), "error-forbidden");
        assert_eq!(key(act!(d, account(9, Role::CommunitySecretary, "371002002001"), change(it.id, &to(TWO, 1)))), "404");
        assert_eq!(key(act!(d, head(), change(it.id, &to(8, 1)))), "meeting-todo-who");
        let give = |by: Actor, c: Change| { let d = d.clone(); async move { act!(d, by, change(it.id, &c)) } };
        let it = given_again(&d, it.id).await;
        let (a, b) = tokio::join!(give(head(), to(TWO, 1)), give(steward(), to(HEAD, 1)));
        assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1);
        assert!([a, b].into_iter().any(|r| matches!(r, Err(Error::Conflict("meeting-todo-changed")))));
        let drop = |reason: &str| Change { base: 2, new: NewTodo::default(), dropped: Some(reason.into()) };
        assert_eq!(key(give(head(), drop(" ")).await), "error-required");
        give(head(), drop("小区要整体改造")).await.unwrap();
        let kept = given_again(&d, it.id).await;
        assert_eq!((kept.state, kept.result.as_str()), (TodoState::Dropped, "小区要整体改造"));
    }

    async fn who_looks_sees_their_own_areas(s) {
        let d = district(&s).await;
        let id = ready(&d).await;
        given(&d, id, "2026-11-24").await;
        come(&d, id).await;
        d.clock.advance(DAY * 2);
        act!(d, head(), close(id)).unwrap();
        let atlas = d.port::<AtlasPort>().unwrap().get();
        let week = Week::of(d.clock.now());
        for (by, at, wanted) in [
            (account(3, Role::DistrictCentre, DISTRICT), DISTRICT, vec![(COMMUNITY, true, 1, 1), ("371002002001", false, 0, 0)]),
            (account(3, Role::StreetLeader, STREET), STREET, vec![(COMMUNITY, true, 1, 1)]),
            (account(3, Role::StreetCentre, OTHER_STREET), DISTRICT, vec![("371002002001", false, 0, 0)]),
            (one(), DISTRICT, vec![(COMMUNITY, true, 1, 1)]),
            (account(3, Role::Hotline, DISTRICT), DISTRICT, vec![]),
        ] {
            let scope = scope(&d, &by, "meeting.read");
            let db = d.db.metered();
            let mut conn = db.read().await.unwrap();
            let all = meeting::communities(&mut conn, &atlas, &scope, &area(at), week, d.clock.now()).await.unwrap();
            let told: Vec<_> = all.iter().map(|c| (c.area.as_str(), c.held(), c.open, c.overdue)).collect();
            assert_eq!(told, wanted, "{by:?}");
            assert_eq!(db.queries(), 3);
            let list = meeting::todos(&mut conn, &scope, &area(DISTRICT), Which::Open, d.clock.now(), None, 10).await.unwrap();
            assert_eq!(list.items.len(), usize::try_from(all.iter().map(|c| c.open).sum::<i64>()).unwrap());
        }
        let db = d.db.metered();
        let it = meeting::whole(&mut db.read().await.unwrap(), id).await.unwrap();
        assert_eq!((db.queries(), it.meeting.state), (5, State::Closed));
        let access = d.port::<Access>().unwrap();
        let sees = |by: &Actor| meeting::sees(&access, by, &area(COMMUNITY));
        assert!(sees(&one()) && sees(&head()) && sees(&account(3, Role::StreetLeader, STREET)));
        assert!(!sees(&account(8, Role::GridWorker, FAR_GRID)) && !sees(&account(3, Role::Auditor, DISTRICT)) && !sees(&Actor::Public));
        // Pages continue after the last row.
        let scope = scope(&d, &head(), "meeting.read");
        let mut conn = d.db.read().await.unwrap();
        let page = meeting::of_community(&mut conn, &scope, &area(COMMUNITY), None, 1).await.unwrap();
        assert_eq!((page.items[0].came, page.items[0].expected, page.next), (2, 4, None));
        assert_eq!("2026-11-23".parse::<NaiveDate>().ok(), Some(page.items[0].week().monday()));
    }
}
