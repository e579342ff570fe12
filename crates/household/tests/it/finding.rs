//! Search: whatever people type, within what they may see.

use linli_household::read::{self, By, Found, Question};
use linli_testkit::both_engines;

use super::*;

async fn search(d: &Arc<District>, actor: &Actor, typed: &str) -> Found {
    let access = d.port::<Access>().unwrap();
    let question = Question::new(&access, typed).unwrap();
    let scope = scope(d, actor, "household.search");
    read::find(&mut d.db.read().await.unwrap(), &access, &scope, None, &question, 0, 10).await.unwrap()
}

both_engines! {
    async fn people_are_found_as_they_are_asked_for(s) {
        let d = district(&s).await;
        let (here, far) = (home(&d, GRID, "3号楼").await, home(&d, FAR_GRID, "5号楼").await);
        add(&d, here, &facts("王小明", ID, PHONE)).await;
        add(&d, here, &facts("李丽", "", "10000000002")).await;
        add(&d, far, &facts("王小军", "", "10000000003")).await;
        let street = actor(Role::StreetCentre, STREET);
        for typed in ["王小明", "小明", "王", "wxm", "WX", "11010519491231002x", "1101 0519 4912 31002X", "100-0000-0001"] {
            let found = search(&d, &street, typed).await;
            assert_eq!(found.people.len(), 1, "{typed}");
            let person = &found.people[0];
            assert_eq!((person.name.as_str(), person.phone.as_deref()), ("王小明", Some("100****0001")));
            assert_eq!(person.address.as_deref(), Some("锦绣花园3号楼2单元501"));
        }
        let district = actor(Role::DistrictCentre, DISTRICT);
        assert_eq!(search(&d, &district, "王小").await.people.len(), 2);
        assert_eq!(search(&d, &district, "锦绣花园").await.homes.len(), 2);
        // The other street's people and homes are not there for this one.
        for typed in ["王小军", "10000000003", "xj"] {
            assert!(search(&d, &street, typed).await.people.is_empty(), "{typed}");
        }
        for typed in ["锦绣", "花园3号楼", "3栋2单元501室", "501"] {
            let found = search(&d, &street, typed).await;
            assert_eq!(found.homes.len(), 1, "{typed}");
            assert_eq!(found.homes[0].residents, 2);
        }
        for typed in ["", " ", "%", "'", "\"", "*", "王明", "张", "110105194912310021", "OR"] {
            assert_eq!(search(&d, &district, typed).await, Found::default(), "{typed}");
        }
    }

    async fn a_search_follows_a_new_name_and_a_move(s) {
        let d = district(&s).await;
        let (here, far) = (home(&d, GRID, "3号楼").await, home(&d, FAR_GRID, "5号楼").await);
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let mut op1 = op(&d, worker()).await;
        app::correct_resident(&mut op1, id, &facts("丛文海", "", ""), None).await.unwrap();
        op1.commit().await.unwrap();
        let (street, other) = (actor(Role::StreetCentre, STREET), actor(Role::StreetCentre, OTHER_STREET));
        assert!(search(&d, &street, "王小明").await.people.is_empty());
        assert_eq!(search(&d, &street, "cwh").await.people.len(), 1);
        add(&d, far, &facts("丛文海", ID, "")).await;
        assert!(search(&d, &street, "丛文海").await.people.is_empty());
        assert_eq!(search(&d, &other, "丛文海").await.people.len(), 1);
    }

    async fn pages_follow_each_other_within_any_scope(s) {
        let d = district(&s).await;
        let homes = [home(&d, GRID, "3号楼").await, home(&d, NEXT_GRID, "5号楼").await, home(&d, FAR_GRID, "7号楼").await];
        for n in 0..24 {
            add(&d, homes[n % 3], &facts("王小明", "", &format!("100000001{n:02}"))).await;
        }
        let access = d.port::<Access>().unwrap();
        let two = Actor::Account {
            id: AccountId(Uuid::from_u128(5)),
            name: "x".into(),
            posts: [GRID, FAR_GRID].map(|g| Post { role: Role::GridWorker, area: area(g), org: OrgId(Uuid::from_u128(1)) }).into(),
        };
        for (who, within, count) in [
            (worker(), None, 8), (secretary(), None, 16), (secretary(), Some(NEXT_GRID), 8), (two.clone(), None, 16),
            (two, Some(FAR_GRID), 8), (worker(), Some(DISTRICT), 8), (worker(), Some(FAR_GRID), 0),
            (actor(Role::DistrictCentre, DISTRICT), None, 24), (actor(Role::DistrictCentre, DISTRICT), Some(OTHER_STREET), 8),
        ] {
            for typed in ["王小明", "小明", "wx"] {
                let question = Question::new(&access, typed).unwrap();
                let scope = scope(&d, &who, "household.search");
                let within = within.map(area);
                let (mut seen, mut after) = (Vec::new(), 0);
                loop {
                    let db = d.db.metered();
                    let found = read::find(&mut db.read().await.unwrap(), &access, &scope, within.as_ref(), &question, after, 5).await.unwrap();
                    assert!(db.queries() <= 2);
                    seen.extend(found.people.iter().map(|p| p.id));
                    match found.more_people {
                        Some(next) => after = next,
                        None => break,
                    }
                }
                let mut once = seen.clone();
                once.sort();
                once.dedup();
                assert_eq!((seen.len(), once.len()), (count, count), "{typed} {who:?} {within:?}");
            }
        }
    }

    async fn a_search_is_written_down_without_what_was_typed(s) {
        let d = district(&s).await;
        let mut op1 = op(&d, worker()).await;
        app::searched(&mut op1, By::Phone, &area(GRID), 3).await.unwrap();
        op1.commit().await.unwrap();
        let detail: String = d.db.read().await.unwrap().scalar("SELECT detail FROM activity WHERE action = 'household.search'", vec![]).await.unwrap();
        assert_eq!(detail, r#"{"by":"phone","found":3}"#);
    }
}
