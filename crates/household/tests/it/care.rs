//! Marks of care, houses and legal entities.

use linli_household::{
    model::{Basis, CareKind, EntityFacts, EntityKind, EntityState, Leaving, Say, Source, Uscc},
    read,
    register::{DwellingFacts, EntityPlace, MoveOut, NewCare},
    store::care,
};
use linli_testkit::both_engines;

use super::{people::card, *};

fn consent(kind: CareKind) -> NewCare {
    NewCare {
        kind,
        basis: Basis::Consent,
        basis_note: "同意书第3版".into(),
        source: Source::Worker,
        expires_at: None,
    }
}

both_engines! {
    async fn care_has_a_basis_and_an_end(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let id = add(&d, here, &facts("王小明", "", PHONE)).await.id;
        let mut op1 = op(&d, worker()).await;
        let nameless = NewCare { basis_note: " ".into(), ..consent(CareKind::LivesAlone) };
        assert_eq!(key(app::add_care(&mut op1, id, &nameless).await), "error-required");
        let endless = NewCare { expires_at: Some("2036-01-01T00:00:00+08:00".parse().unwrap()), ..consent(CareKind::LivesAlone) };
        assert_eq!(key(app::add_care(&mut op1, id, &endless).await), "household-care-too-long");
        app::add_care(&mut op1, id, &consent(CareKind::LivesAlone)).await.unwrap();
        app::add_care(&mut op1, id, &consent(CareKind::Medication)).await.unwrap();
        app::add_care(&mut op1, id, &consent(CareKind::Medication)).await.unwrap();
        op1.commit().await.unwrap();
        assert_eq!(card(&d, here).await.residents().next().unwrap().care.len(), 2, "renewed, not doubled");
        let mut op2 = op(&d, worker()).await;
        app::end_care(&mut op2, id, CareKind::Medication, "本人撤回同意").await.unwrap();
        assert_eq!(key(app::end_care(&mut op2, id, CareKind::Medication, "again").await), "404");
        op2.commit().await.unwrap();
        // It ends by itself.
        d.clock.advance(std::time::Duration::from_hours(24 * 731));
        let now = d.clock.now();
        assert!(care::of_resident(&mut d.db.read().await.unwrap(), id, now).await.unwrap().is_empty());
    }

    async fn care_ends_with_the_stay(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let id = add(&d, here, &facts("王小明", "", PHONE)).await.id;
        let mut op1 = op(&d, secretary()).await;
        app::add_care(&mut op1, id, &consent(CareKind::Disabled)).await.unwrap();
        let out = MoveOut { reason: Leaving::Deceased, at: op1.now, destination: None };
        app::move_out(&mut op1, id, &out).await.unwrap();
        op1.commit().await.unwrap();
        let open: i64 = d.db.read().await.unwrap().scalar("SELECT count(*) FROM care_mark WHERE ended_at IS NULL", vec![]).await.unwrap();
        assert_eq!(open, 0);
    }

    async fn one_house_and_one_door_of_each_address(s) {
        let d = district(&s).await;
        let house = building(&d, GRID, "3号楼").await;
        dwelling(&d, house, "501").await;
        dwelling(&d, house, "502").await;
        let mut op1 = op(&d, actor(Role::StreetCentre, STREET)).await;
        let again = NewBuilding {
            area: area(NEXT_GRID), kind: BuildingKind::Flats, place: "锦绣花园".into(), name: "三栋".into(), point: None, floors: None,
        };
        assert_eq!(key(app::add_building(&mut op1, &again).await), "household-building-known", "the same community");
        drop(op1);
        let mut op2 = op(&d, worker()).await;
        let door = NewDwelling { building: house, unit: Some("二单元".into()), floor: None, door: "501室".into(), usage: Usage::Own, seen: true };
        assert_eq!(key(app::add_dwelling(&mut op2, &door).await), "household-dwelling-known");
        drop(op2);
        let db = d.db.metered();
        let scope = scope(&d, &worker(), "household.list");
        let (found, doors) = read::doors(&mut db.read().await.unwrap(), &scope, house, d.clock.now()).await.unwrap();
        assert_eq!((found.name.as_str(), doors.len(), db.queries()), ("3号楼", 2, 2));
        assert_eq!((doors[0].unit.as_deref(), doors[0].floor), (Some("2单元"), Some(5)));
        let houses = read::buildings(&mut db.read().await.unwrap(), &scope, &area(GRID), d.clock.now(), 100).await.unwrap();
        assert_eq!((houses.len(), houses[0].homes, houses[0].fresh), (1, 2, 2));
    }

    async fn one_staircase_however_it_is_written(s) {
        let d = district(&s).await;
        let house = building(&d, GRID, "1号楼").await;
        let mut op1 = op(&d, worker()).await;
        let door = |unit: &str, door: &str| NewDwelling {
            building: house, unit: Some(unit.into()), floor: None, door: door.into(), usage: Usage::Own, seen: true,
        };
        for (unit, n) in [("1", "201"), ("一单元", "202"), ("１ 单元", "1201"), ("11", "201")] {
            app::add_dwelling(&mut op1, &door(unit, n)).await.unwrap();
        }
        op1.commit().await.unwrap();
        let mut op2 = op(&d, worker()).await;
        assert_eq!(key(app::add_dwelling(&mut op2, &door("1单元", "201")).await), "household-dwelling-known");
        drop(op2);
        let scope = scope(&d, &worker(), "household.list");
        let (_, doors) = read::doors(&mut d.db.read().await.unwrap(), &scope, house, d.clock.now()).await.unwrap();
        let all: Vec<(&str, &str)> = doors.iter().map(|o| (o.unit.as_deref().unwrap(), o.door.as_str())).collect();
        assert_eq!(all.iter().filter(|(unit, _)| *unit == "1单元").count(), 3, "{all:?}");
        assert!(all.contains(&("11单元", "201")), "{all:?}");
        let first = doors.iter().find(|o| o.door == "202").unwrap();
        assert_eq!(card(&d, first.id).await.address, "锦绣花园1号楼1单元202");
        // One that was written otherwise before gets its usual name with the next door.
        let mut tx = d.db.begin().await.unwrap();
        assert_eq!(tx.execute("UPDATE building_unit SET name = '1' WHERE name = '1单元'", vec![]).await.unwrap(), 1);
        tx.commit().await.unwrap();
        let mut op3 = op(&d, worker()).await;
        app::add_dwelling(&mut op3, &door("1", "301")).await.unwrap();
        op3.commit().await.unwrap();
        let names: Vec<(String,)> = d.db.read().await.unwrap().all("SELECT name FROM building_unit ORDER BY name", vec![]).await.unwrap();
        assert_eq!(names.into_iter().map(|(n,)| n).collect::<Vec<_>>(), ["11单元", "1单元"]);
    }

    async fn the_use_of_a_home_is_corrected(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let mut op1 = op(&d, worker()).await;
        let rent = DwellingFacts { usage: Some(Usage::Rent) };
        app::correct_dwelling(&mut op1, here, &rent, Some(1)).await.unwrap();
        assert_eq!(key(app::correct_dwelling(&mut op1, here, &rent, Some(1)).await), "household-changed-meanwhile");
        op1.commit().await.unwrap();
        assert_eq!(card(&d, here).await.usage, Usage::Rent);
    }

    async fn an_entity_is_one_by_its_code(s) {
        let d = district(&s).await;
        let mut op1 = op(&d, worker()).await;
        let place = EntityPlace { area: area(GRID), dwelling: None };
        let shop = EntityFacts {
            uscc: Say::of(Uscc::parse("91350100M000100Y43")),
            name: Some("示范便利店".into()),
            kind: Some(EntityKind::Shop),
            address: Some("锦绣花园3号楼底商".into()),
            contact_phone: Say::Is(PHONE.into()),
            ..EntityFacts::default()
        };
        let (id, _) = app::put_entity(&mut op1, (None, None), &place, &shop).await.unwrap();
        let renamed = EntityFacts { name: Some("示范超市".into()), ..shop.clone() };
        let (same, verdicts) = app::put_entity(&mut op1, (None, None), &place, &renamed).await.unwrap();
        assert_eq!((same, verdicts.len()), (id, 5));
        assert_eq!(app::unmask_entity(&mut op1, id, "消防检查通知").await.unwrap().phone.as_deref(), Some(PHONE));
        app::set_entity_state(&mut op1, id, EntityState::Gone).await.unwrap();
        assert_eq!(app::unmask_entity(&mut op1, id, "消防检查通知").await.unwrap().phone, None);
        let far = EntityPlace { area: area(FAR_GRID), dwelling: None };
        assert_eq!(key(app::put_entity(&mut op1, (None, None), &far, &shop).await), "404");
    }
}
