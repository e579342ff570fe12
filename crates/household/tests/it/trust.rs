//! What a stolen file must not tell, who may do what, and who looked.

use linli_household::{model::ResidentId, read};
use linli_testkit::both_engines;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};

use super::{people::card, *};

both_engines! {
    async fn number_and_phone_are_sealed_masked_and_shown_with_a_reason(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let (number, phone, hash): (Vec<u8>, Vec<u8>, Vec<u8>) = d.db.read().await.unwrap()
            .one("SELECT id_number, phone, id_hash FROM resident", vec![]).await.unwrap();
        assert!(!number.windows(6).any(|w| w == &ID.as_bytes()[..6]) && !phone.windows(6).any(|w| w == &PHONE.as_bytes()[..6]));
        assert_eq!(hash.len(), 16);
        let shown = card(&d, here).await;
        let json = serde_json::to_string(&shown).unwrap();
        assert!(!json.contains(ID) && !json.contains(PHONE) && json.contains("1101**********002X") && json.contains("100****0001"), "{json}");

        let mut look = op(&d, worker()).await;
        assert_eq!(key(app::unmask(&mut look, id, "看").await), "error-reason-short");
        let contact = app::unmask(&mut look, id, "上门前电话确认").await.unwrap();
        assert_eq!((contact.id_number.as_deref(), contact.phone.as_deref()), (Some(ID), Some(PHONE)));
        look.commit().await.unwrap();
        let mut far = op(&d, actor(Role::GridWorker, FAR_GRID)).await;
        assert_eq!(key(app::unmask(&mut far, id, "上门前电话确认").await), "404");
        drop(far);
        let mut op1 = op(&d, worker()).await;
        app::looked(&mut op1, here, &area(GRID), &[id]).await.unwrap();
        op1.commit().await.unwrap();
        let mut log = log(&d).await;
        log.sort();
        let all = ["household.add", "household.add", "household.building", "household.read", "household.read_contact"];
        assert_eq!(log, all);
        let details: Vec<(String,)> = d.db.read().await.unwrap().all("SELECT detail FROM activity", vec![]).await.unwrap();
        assert!(details.iter().all(|(text,)| !text.contains(PHONE) && !text.contains(ID) && !text.contains("王小明")), "{details:?}");
    }

    async fn nobody_changes_what_is_not_theirs(s) {
        let d = district(&s).await;
        let here = home(&d, GRID, "3号楼").await;
        let id = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        for (who, expected) in [
            (actor(Role::GridWorker, NEXT_GRID), "404"), (actor(Role::CommunitySecretary, "371002002001"), "404"),
            (actor(Role::Auditor, DISTRICT), "404"), (actor(Role::SystemAdmin, DISTRICT), "404"),
            (actor(Role::DistrictCentre, DISTRICT), "error-forbidden"),
        ] {
            let mut op1 = op(&d, who).await;
            assert_eq!(key(app::correct_resident(&mut op1, id, &facts("李", "", ""), None).await), expected);
            assert_eq!(key(app::confirm_dwelling(&mut op1, here, None).await), expected);
        }
        let mut public = op(&d, Actor::Public).await;
        assert!(matches!(app::confirm_dwelling(&mut public, here, None).await, Err(Error::Unauthorised)));
    }

    async fn a_card_and_a_search_show_what_the_policy_permits(s) {
        let d = district(&s).await;
        let mut homes = Vec::new();
        for (n, grid) in [GRID, NEXT_GRID, FAR_GRID].into_iter().enumerate() {
            let id = home(&d, grid, &format!("{}号楼", n + 1)).await;
            let resident = add(&d, id, &facts("王小明", "", &format!("1000000010{n}"))).await.id;
            homes.push((id, area(grid), resident));
        }
        let access = d.port::<Access>().unwrap();
        let places = prop::sample::select(vec![DISTRICT, STREET, OTHER_STREET, COMMUNITY, GRID, NEXT_GRID, FAR_GRID]);
        let posts = prop::collection::vec((prop::sample::select(Role::ALL.to_vec()), places), 0..3);
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(1) });
        let mut conn = d.db.read().await.unwrap();
        for _ in 0..60 {
            let posts = posts.new_tree(&mut runner).unwrap().current();
            let actor = Actor::Account {
                id: AccountId(Uuid::from_u128(5)),
                name: "x".into(),
                posts: posts.into_iter().map(|(role, code)| Post { role, area: area(code), org: OrgId(Uuid::from_u128(1)) }).collect(),
            };
            let scope = access.policy.scope(&actor, "household.read");
            let question = read::Question::new(&access, "王小明").unwrap();
            let found = read::find(&mut conn, &access, &scope, None, &question, 0, 50).await.unwrap();
            let mut found: Vec<ResidentId> = found.people.into_iter().map(|p| p.id).collect();
            found.sort();
            let mut permitted = Vec::new();
            for (id, area, resident) in &homes {
                let may = access.policy.permits(&actor, "household.read", &linli_access::Target::at(area)).is_ok();
                let seen = read::card(&mut conn, &access, &scope, *id, d.clock.now()).await.is_ok();
                assert_eq!(seen, may, "{actor:?}");
                permitted.extend(may.then_some(*resident));
            }
            permitted.sort();
            assert_eq!(found, permitted, "{actor:?}");
        }
    }
}
