//! What was registered wrongly is corrected or closed; what happened there stays.

use std::io::Cursor;

use linli_household::{
    code::{self, CodeKind},
    import,
    model::{Field, Leaving},
    read::{self, EventKind, Question},
    register::MoveOut,
    rhythm,
    store::places,
};
use linli_kernel::{area::AreaLevel, params};
use linli_testkit::both_engines;

use super::{people::card, *};

async fn addresses(d: &Arc<District>, text: &str) -> Vec<String> {
    let access = d.port::<Access>().unwrap();
    let question = Question::new(&access, text).unwrap();
    let mut conn = d.db.read().await.unwrap();
    let found = read::find(&mut conn, &access, &Scope::everything(), None, &question, 0, 20).await.unwrap();
    found.homes.into_iter().map(|h| h.address).collect()
}

async fn homes(d: &Arc<District>) -> i64 {
    let scope = scope(d, &worker(), "household.list");
    let mut conn = d.db.read().await.unwrap();
    let rows = read::freshness(&mut conn, &scope, &area(GRID), AreaLevel::Grid, d.clock.now()).await.unwrap();
    rows.first().map_or(0, |row| row.homes)
}

both_engines! {
    async fn names_are_corrected_and_addresses_follow(s) {
        let d = district(&s).await;
        let house = building(&d, GRID, "1号楼").await;
        let (one, two) = (dwelling(&d, house, "201").await, dwelling(&d, house, "202").await);
        add(&d, one, &facts("王小明", ID, PHONE)).await;
        building(&d, GRID, "9号楼").await;
        let mut op1 = op(&d, worker()).await;
        assert_eq!(key(app::correct_building(&mut op1, house, "锦绣花园", "9号楼").await), "household-building-known");
        drop(op1);
        let mut op2 = op(&d, worker()).await;
        app::correct_building(&mut op2, house, "锦绣花园", "8号楼").await.unwrap();
        op2.commit().await.unwrap();
        assert_eq!(card(&d, one).await.address, "锦绣花园8号楼2单元201");
        assert_eq!(addresses(&d, "锦绣花园8号楼").await.len(), 2);
        assert!(addresses(&d, "锦绣花园1号楼").await.is_empty());
        // A door: the staircase in whatever form, and not onto another's address.
        let mut op3 = op(&d, worker()).await;
        assert_eq!(key(app::correct_door(&mut op3, one, "2", "202", None).await), "household-dwelling-known");
        drop(op3);
        let version = card(&d, one).await.version;
        let mut op4 = op(&d, worker()).await;
        app::correct_door(&mut op4, one, "一", "301", Some(version)).await.unwrap();
        assert_eq!(key(app::correct_door(&mut op4, one, "一", "302", Some(version)).await), "household-changed-meanwhile");
        op4.commit().await.unwrap();
        assert_eq!(card(&d, one).await.address, "锦绣花园8号楼1单元301");
        assert_eq!(card(&d, one).await.residents().count(), 1);
        let scope = scope(&d, &worker(), "household.list");
        let (_, doors) = read::doors(&mut d.db.read().await.unwrap(), &scope, house, d.clock.now()).await.unwrap();
        let moved = doors.iter().find(|o| o.id == one).unwrap();
        assert_eq!((moved.unit.as_deref(), moved.floor, moved.door.as_str()), (Some("1单元"), Some(3), "301"));
        // Nobody from elsewhere, and nobody who only looks.
        let mut far = op(&d, actor(Role::GridWorker, FAR_GRID)).await;
        assert_eq!(key(app::correct_door(&mut far, two, "1", "909", None).await), "404");
        assert_eq!(key(app::correct_building(&mut far, house, "别处", "").await), "404");
        assert_eq!(key(app::close_dwelling(&mut far, two, "看错").await), "404");
        drop(far);
        let mut leader = op(&d, actor(Role::StreetLeader, STREET)).await;
        let refused = app::close_dwelling(&mut leader, two, "看错").await;
        assert!(matches!(refused, Err(Error::Forbidden(_) | Error::NotFound)), "{refused:?}");
    }

    async fn addresses_of_an_earlier_rule_are_made_anew_once(s) {
        let d = district(&s).await;
        let house = building(&d, GRID, "1号楼").await;
        let door = |unit: &str, door: &str| NewDwelling {
            building: house, unit: Some(unit.into()), floor: None, door: door.into(), usage: Usage::Own, seen: true,
        };
        let mut op1 = op(&d, worker()).await;
        let mut ids = Vec::new();
        for number in ["201", "202", "203"] {
            ids.push(app::add_dwelling(&mut op1, &door("1", number)).await.unwrap());
        }
        let other = app::add_dwelling(&mut op1, &door("2", "201")).await.unwrap();
        op1.commit().await.unwrap();
        add(&d, ids[0], &facts("王小明", ID, PHONE)).await;
        // As they were kept before: the staircase as typed, the number glued to the door's.
        let mut old = op(&d, worker()).await;
        old.tx.execute("UPDATE building_unit SET name = '1' WHERE name = '1单元'", vec![]).await.unwrap();
        for (id, number) in ids.iter().zip(["1201", "1202", "1203"]) {
            let known = places::dwelling(&mut old.tx, *id).await.unwrap();
            let address = format!("锦绣花园1号楼{number}");
            places::move_dwelling(&mut old.tx, &places::Dwelling { address, ..known }, old.now).await.unwrap();
        }
        old.commit().await.unwrap();
        // Somebody has registered one of them again since: that one keeps the address.
        let mut again = op(&d, worker()).await;
        let twice = app::add_dwelling(&mut again, &door("第1单元", "203")).await.unwrap();
        again.commit().await.unwrap();
        assert_eq!(addresses(&d, "1单元201").await.len(), 0);
        super::privacy::night_after(&d, 0).await;
        let address = |id: DwellingId| { let d = d.clone(); async move { card(&d, id).await.address } };
        assert_eq!(address(ids[0]).await, "锦绣花园1号楼1单元201");
        assert_eq!(address(ids[1]).await, "锦绣花园1号楼1单元202");
        assert_eq!((address(ids[2]).await, address(twice).await), ("锦绣花园1号楼1203".into(), "锦绣花园1号楼1单元203".into()));
        assert_eq!(address(other).await, "锦绣花园1号楼2单元201");
        assert_eq!(addresses(&d, "1单元201").await, ["锦绣花园1号楼1单元201"], "words follow");
        assert!(addresses(&d, "1号楼1201").await.is_empty());
        assert_eq!(card(&d, ids[0]).await.residents().count(), 1);
        let made = |d: Arc<District>| async move { log(&d).await.iter().filter(|a| *a == "household.correct").count() };
        let before = made(d.clone()).await;
        super::privacy::night_after(&d, 0).await;
        assert_eq!(made(d.clone()).await, before, "a second night finds nothing");
    }

    async fn the_timeline_says_who_corrected_what(s) {
        let d = district(&s).await;
        let house = building(&d, GRID, "1号楼").await;
        let (one, two) = (dwelling(&d, house, "201").await, dwelling(&d, house, "202").await);
        let who = add(&d, one, &facts("王小明", ID, PHONE)).await.id;
        let later = || d.clock.advance(std::time::Duration::from_hours(1));
        later();
        let mut op1 = op(&d, worker()).await;
        app::correct_resident(&mut op1, who, &facts("王大明", "", "10000000009"), None).await.unwrap();
        app::correct_resident(&mut op1, who, &facts("王大明", "", ""), None).await.unwrap();
        app::correct_door(&mut op1, one, "2", "301", None).await.unwrap();
        op1.commit().await.unwrap();
        later();
        let mut op2 = op(&d, worker()).await;
        app::correct_building(&mut op2, house, "锦绣花园", "8号楼").await.unwrap();
        app::close_dwelling(&mut op2, two, "登记错了").await.unwrap();
        app::reopen_dwelling(&mut op2, two).await.unwrap();
        op2.commit().await.unwrap();
        later();
        // They move next door, and are corrected there: that stands there.
        add(&d, two, &facts("王大明", ID, "")).await;
        later();
        let mut op3 = op(&d, worker()).await;
        app::correct_resident(&mut op3, who, &facts("王中明", "", ""), None).await.unwrap();
        op3.commit().await.unwrap();
        let said = |card: &read::Card| -> Vec<EventKind> {
            let by = card.timeline.iter().filter(|e| e.by.as_deref() == Some("张网格"));
            by.map(|e| e.kind.clone()).collect()
        };
        let named = |house: bool, from: &str, to: &str| EventKind::Renamed { house, from: Some(from.into()), to: Some(to.into()) };
        let renamed = named(true, "锦绣花园1号楼", "锦绣花园8号楼");
        assert_eq!(said(&card(&d, one).await), [
            renamed.clone(),
            named(false, "锦绣花园1号楼2单元201", "锦绣花园1号楼2单元301"),
            EventKind::Corrected { fields: vec![Field::Name, Field::Phone] },
        ]);
        let next = card(&d, two).await;
        assert_eq!(said(&next), [
            EventKind::Corrected { fields: vec![Field::Name] },
            EventKind::Closed { house: false, closed: false },
            EventKind::Closed { house: false, closed: true },
            renamed,
        ]);
        let text = serde_json::to_string(&next.timeline).unwrap();
        assert!(!text.contains("王大明") && !text.contains("10000000009"), "fields, not what they said: {text}");
    }

    async fn what_is_closed_counts_no_more_and_keeps_its_history(s) {
        let d = district(&s).await;
        let house = building(&d, GRID, "1号楼").await;
        let (wrong, right) = (dwelling(&d, house, "201").await, dwelling(&d, house, "202").await);
        let id = add(&d, wrong, &facts("王小明", ID, PHONE)).await.id;
        let mut codes = op(&d, secretary()).await;
        code::issue(&mut codes, house, &[(CodeKind::Building, house.0), (CodeKind::Dwelling, wrong.0), (CodeKind::Dwelling, right.0)]).await.unwrap();
        codes.commit().await.unwrap();
        let close = |id: DwellingId, why: &'static str| {
            let d = d.clone();
            async move {
                let mut op = op(&d, worker()).await;
                app::close_dwelling(&mut op, id, why).await?;
                op.commit().await
            }
        };
        assert_eq!(key(close(wrong, "登记错了").await), "household-still-lived-in");
        assert_eq!(key(close(right, " ").await), "error-required");
        let mut out = op(&d, worker()).await;
        let mistake = MoveOut { reason: Leaving::Mistake, at: out.now, destination: None };
        app::move_out(&mut out, id, &mistake).await.unwrap();
        out.commit().await.unwrap();
        let mut early = op(&d, worker()).await;
        assert_eq!(key(app::close_building(&mut early, house, "登记错了").await), "household-house-has-homes");
        drop(early);
        assert_eq!((homes(&d).await, addresses(&d, "201").await.len()), (2, 1));
        close(wrong, "登记错了").await.unwrap();
        assert_eq!((homes(&d).await, addresses(&d, "201").await.len()), (1, 0));
        assert_eq!(key(close(wrong, "登记错了").await), "404", "once");
        let live = "SELECT count(*) FROM door_code WHERE revoked_at IS NULL";
        let count = |sql: &'static str| {
            let d = d.clone();
            async move { d.db.read().await.unwrap().scalar::<i64>(sql, vec![]).await.unwrap() }
        };
        assert_eq!(count(live).await, 2);
        let things = code::of_building(&mut d.db.read().await.unwrap(), house).await.unwrap();
        assert!(things.iter().all(|t| t.thing != wrong.0), "no label for it");
        // Not on the day's list, not drawn, not for the phone; nobody is registered there.
        let mut draw = op(&d, secretary()).await;
        rhythm::draw_month(&mut draw, &area(GRID)).await.unwrap();
        let sql = "SELECT count(*) FROM spot_home WHERE dwelling_id = $1";
        for (id, drawn) in [(wrong, 0), (right, 1)] {
            assert_eq!(draw.tx.scalar::<i64>(sql, params![id]).await.unwrap(), drawn);
        }
        let home = Home { dwelling: wrong, household: None };
        assert_eq!(key(app::add_resident(&mut draw, home, &facts("李丽", "", "10000000002"), None).await), "404");
        assert_eq!(key(app::confirm_dwelling(&mut draw, wrong, None).await), "404");
        drop(draw);
        // Its page and what happened there stay.
        assert_eq!(card(&d, wrong).await.timeline.iter().filter(|e| e.name.as_deref() == Some("王小明")).count(), 2);
        // The address is free for the one that is really there; then the first cannot come back to it.
        let again = dwelling(&d, house, "201").await;
        let reopen = |id: DwellingId| {
            let d = d.clone();
            async move {
                let mut op = op(&d, worker()).await;
                app::reopen_dwelling(&mut op, id).await?;
                op.commit().await
            }
        };
        assert_eq!(key(reopen(wrong).await), "household-dwelling-known");
        for id in [again, right] {
            close(id, "登记错了").await.unwrap();
        }
        reopen(wrong).await.unwrap();
        assert_eq!((homes(&d).await, addresses(&d, "201").await.len()), (1, 1));
        close(wrong, "还是错了").await.unwrap();
        // The house, once no door of it is open.
        let mut op1 = op(&d, worker()).await;
        app::close_building(&mut op1, house, "没有这栋楼").await.unwrap();
        op1.commit().await.unwrap();
        assert_eq!(count(live).await, 0);
        let scope = scope(&d, &worker(), "household.list");
        let listed = read::buildings(&mut d.db.read().await.unwrap(), &scope, &area(GRID), d.clock.now(), 9).await.unwrap();
        assert!(listed.is_empty());
        assert_eq!(key(reopen(wrong).await), "household-house-closed");
        let mut op2 = op(&d, worker()).await;
        app::reopen_building(&mut op2, house).await.unwrap();
        app::reopen_dwelling(&mut op2, wrong).await.unwrap();
        op2.commit().await.unwrap();
        assert_eq!(homes(&d).await, 1);
        assert_eq!(log(&d).await.iter().filter(|a| *a == "household.close").count(), 8);
    }

    async fn nobody_comes_to_what_is_closed_in_that_moment(s) {
        let d = district(&s).await;
        let house = building(&d, GRID, "1号楼").await;
        let mut both = Vec::new();
        for n in 101..113 {
            let (by_hand, by_sheet) =
                (dwelling(&d, house, &n.to_string()).await, dwelling(&d, house, &(n + 100).to_string()).await);
            let rows = format!("塔山社区,第1网格,锦绣花园,1,2,{},张三,,10000002{n},户主,户籍,\n", n + 100);
            let sheet = format!("社区,网格,小区,楼号,单元,房间号,姓名,身份证号,联系电话,与户主关系,户籍类型,核实日期\n{rows}");
            let (headings, lines) = import::open(Cursor::new(sheet.into_bytes()), "居民.csv").unwrap();
            let batch = import::stage(op(&d, secretary()).await, "居民.csv", &headings, None, lines).await.unwrap();
            let mapping = import::get(&mut d.db.read().await.unwrap(), batch).await.unwrap().mapping().unwrap();
            let mut start = op(&d, secretary()).await;
            import::start(&mut start, batch, &mapping).await.unwrap();
            start.commit().await.unwrap();
            let empty = building(&d, GRID, &format!("{n}号楼")).await;
            let close = |id: DwellingId| {
                let d = d.clone();
                tokio::spawn(async move {
                    let mut op = op(&d, worker()).await;
                    app::close_dwelling(&mut op, id, "登记错了").await?;
                    op.commit().await
                })
            };
            let named = d.clone();
            let come = tokio::spawn(async move {
                let mut op = op(&named, worker()).await;
                let home = Home { dwelling: by_hand, household: None };
                app::add_resident(&mut op, home, &facts("王小明", "", &format!("10000001{n}")), None).await?;
                op.commit().await
            });
            let read = d.clone();
            let sheet = tokio::spawn(async move {
                let mut op = op(&read, secretary()).await;
                let step = import::step(&mut op, batch).await?;
                op.commit().await.map(|()| step.added)
            });
            let shut = d.clone();
            let shut = tokio::spawn(async move {
                let mut op = op(&shut, worker()).await;
                app::close_building(&mut op, empty, "没有这栋楼").await?;
                op.commit().await
            });
            let opened = d.clone();
            let opened = tokio::spawn(async move {
                let mut op = op(&opened, worker()).await;
                let new = NewDwelling { building: empty, unit: None, floor: None, door: "101".into(), usage: Usage::Own, seen: true };
                app::add_dwelling(&mut op, &new).await?;
                op.commit().await
            });
            both.push((close(by_hand), come, close(by_sheet), sheet, shut, opened));
        }
        for (shut_door, came, shut_other, sheet, shut_house, opened) in both {
            let (shut, came) = (shut_door.await.unwrap(), came.await.unwrap());
            assert!(shut.is_ok() != came.is_ok(), "{shut:?} {came:?}");
            assert!([shut, came].into_iter().filter(Result::is_err).map(key).all(|k| k == "404" || k == "household-still-lived-in"));
            assert_eq!(sheet.await.unwrap().unwrap(), 1, "at the door as it was, or at one of its own");
            let _ = shut_other.await.unwrap();
            let (shut, opened) = (shut_house.await.unwrap(), opened.await.unwrap());
            assert!(shut.is_ok() != opened.is_ok(), "{shut:?} {opened:?}");
        }
        for sql in [
            "SELECT count(*) FROM resident r JOIN dwelling d ON d.id = r.dwelling_id WHERE d.closed_at IS NOT NULL",
            "SELECT count(*) FROM dwelling d JOIN building b ON b.id = d.building_id WHERE d.closed_at IS NULL AND b.closed_at IS NOT NULL",
        ] {
            assert_eq!(d.db.read().await.unwrap().scalar::<i64>(sql, vec![]).await.unwrap(), 0, "{sql}");
        }
    }
}
