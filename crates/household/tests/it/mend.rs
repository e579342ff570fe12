//! What was registered wrongly is corrected or closed; what happened there stays.

use std::io::Cursor;

use linli_household::{
    code::{self, CodeKind},
    import,
    model::{Field, Leaving},
    read::{self, EventKind, Question},
    register::MoveOut,
    rhythm,
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
