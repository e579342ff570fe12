//! Legal entities: found as people type them, in their own area, corrected by one after the other.

use linli_household::{
    model::{EntityFacts, EntityId, EntityKind, EntityState, EntityTexts},
    read,
    register::EntityPlace,
};
use linli_kernel::error::Check;
use linli_testkit::both_engines;

use super::*;

const CODE: &str = "91350100M000100Y43";

fn texts(name: &str, uscc: &str) -> EntityTexts {
    let (name, uscc, address) = (name.to_owned(), uscc.to_owned(), "锦绣花园3号楼底商".to_owned());
    EntityTexts {
        name,
        uscc,
        address,
        kind: "shop".into(),
        contact_phone: PHONE.into(),
        ..EntityTexts::default()
    }
}

fn said(texts: &EntityTexts) -> EntityFacts {
    let mut check = Check::new();
    let facts = EntityFacts::checked(texts, &mut check);
    check.done().unwrap();
    facts
}

async fn register(d: &Arc<District>, grid: &str, texts: &EntityTexts) -> EntityId {
    let who = actor(Role::GridWorker, grid);
    let mut op = op(d, who).await;
    let place = EntityPlace { area: area(grid), dwelling: None };
    let (id, _) = app::put_entity(&mut op, (None, None), &place, &said(texts)).await.unwrap();
    op.commit().await.unwrap();
    id
}

async fn names(d: &Arc<District>, who: &Actor, typed: &str) -> Vec<String> {
    let scope = scope(d, who, "entity.read");
    let page = read::entities(&mut d.db.read().await.unwrap(), &scope, None, typed, 0, 10).await.unwrap();
    page.entities.into_iter().map(|e| e.name).collect()
}

both_engines! {
    async fn entities_are_found_as_people_type_them_where_they_may(s) {
        let d = district(&s).await;
        register(&d, GRID, &texts("示范便利店", CODE)).await;
        register(&d, GRID, &texts("海滨早点铺", "")).await;
        register(&d, FAR_GRID, &texts("示范五金", "")).await;
        let street = actor(Role::StreetCentre, STREET);
        for typed in ["示范", "便利店", "sfbld", "SFB", CODE, "91350100m000100y43", "花园3号楼 便利"] {
            assert_eq!(names(&d, &street, typed).await, ["示范便利店"], "{typed}");
        }
        assert_eq!(names(&d, &street, "").await, ["示范便利店", "海滨早点铺"]);
        for typed in ["五金", "91350100M000100Y44", "%", "。", "OR"] {
            assert!(names(&d, &street, typed).await.is_empty(), "{typed}");
        }
        assert_eq!(names(&d, &actor(Role::DistrictCentre, DISTRICT), "示范").await.len(), 2);
    }

    async fn pages_of_the_list_leave_nobody_out(s) {
        let d = district(&s).await;
        for n in 0..7 {
            register(&d, GRID, &texts(&format!("示范{n}店"), "")).await;
        }
        let scope = scope(&d, &worker(), "entity.read");
        let (mut after, mut seen) = (0, Vec::new());
        loop {
            let page = read::entities(&mut d.db.read().await.unwrap(), &scope, None, "示范", after, 3).await.unwrap();
            seen.extend(page.entities.into_iter().map(|e| e.name));
            match page.more {
                Some(next) => after = next,
                None => break,
            }
        }
        assert_eq!(seen, (0..7).map(|n| format!("示范{n}店")).collect::<Vec<_>>());
    }

    async fn of_two_corrections_the_second_is_told(s) {
        let d = district(&s).await;
        let id = register(&d, GRID, &texts("示范便利店", CODE)).await;
        let place = EntityPlace { area: area(GRID), dwelling: None };
        let renamed = |name: &str| said(&EntityTexts { name: name.into(), ..EntityTexts::default() });
        let mut first = op(&d, worker()).await;
        app::put_entity(&mut first, (Some(id), Some(1)), &place, &renamed("示范超市")).await.unwrap();
        first.commit().await.unwrap();
        let mut second = op(&d, worker()).await;
        let late = app::put_entity(&mut second, (Some(id), Some(1)), &place, &renamed("示范商店")).await;
        assert_eq!(key(late), "household-changed-meanwhile");
        drop(second);
        let (row, entity) = read::entity(&mut d.db.read().await.unwrap(), &d.port::<Access>().unwrap(), &scope(&d, &worker(), "entity.read"), id).await.unwrap();
        assert_eq!((row.name.as_str(), row.version, row.kind), ("示范超市", 2, EntityKind::Shop));
        assert_eq!(entity.contact_phone.as_deref(), Some(PHONE), "what was not said stays");
        // A correction opens nothing that is closed; that is a word of its own.
        let mut closing = op(&d, worker()).await;
        app::set_entity_state(&mut closing, id, EntityState::Gone).await.unwrap();
        app::put_entity(&mut closing, (Some(id), None), &place, &renamed("示范超市旧址")).await.unwrap();
        closing.commit().await.unwrap();
        let state = async || {
            let sql = "SELECT state FROM legal_entity WHERE id = $1";
            d.db.read().await.unwrap().scalar::<EntityState>(sql, linli_kernel::params![id]).await.unwrap()
        };
        assert_eq!(state().await, EntityState::Gone);
        let mut again = op(&d, worker()).await;
        app::set_entity_state(&mut again, id, EntityState::Open).await.unwrap();
        again.commit().await.unwrap();
        assert_eq!(state().await, EntityState::Open);
        let far = scope(&d, &actor(Role::GridWorker, FAR_GRID), "entity.read");
        assert!(read::entity(&mut d.db.read().await.unwrap(), &d.port::<Access>().unwrap(), &far, id).await.is_err());
    }
}

#[test]
fn what_is_wrong_stands_at_its_field() {
    let mut check = Check::new();
    let wrong = EntityTexts {
        uscc: "91350100M000100Y44".into(),
        contact_phone: "12".into(),
        ..EntityTexts::default()
    };
    EntityFacts::checked(&wrong, &mut check);
    let Err(linli_kernel::Error::Invalid(faults)) = check.done() else { panic!("taken") };
    let fields: Vec<&str> = faults.iter().map(|f| f.field.as_str()).collect();
    assert_eq!(fields, ["uscc", "contact_phone"]);
}
