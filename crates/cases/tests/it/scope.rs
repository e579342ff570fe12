//! Lists show exactly what the policy permits, for random people.

use linli_access::{Access, Target};
use linli_cases::{
    model::Command,
    read::{self, Filter, Sort},
    store,
};
use linli_testkit::both_engines;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};

use super::*;

fn anybody() -> impl Strategy<Value = Actor> {
    let area =
        prop::sample::select(vec![DISTRICT, STREET, OTHER_STREET, "371002001001", GRID, NEXT_GRID, FAR_GRID]);
    let org_id = prop::sample::select(vec![
        CENTRE_ORG,
        STREET_ORG,
        OTHER_STREET_ORG,
        GRID_ORG,
        NEXT_GRID_ORG,
        FAR_GRID_ORG,
        WATER,
        ROADS,
        50,
    ]);
    let post = (prop::sample::select(Role::ALL.to_vec()), area, org_id).prop_map(|(role, area, n)| Post {
        role,
        area: area.parse().unwrap(),
        org: org(n),
    });
    prop::collection::vec(post, 0..3).prop_map(|posts| Actor::Account {
        id: AccountId(Uuid::from_u128(5)),
        name: "x".into(),
        posts,
    })
}

both_engines! {
    async fn a_list_is_what_its_rows_pages_show(s) {
        let d = district(&s).await;
        let mut ids = Vec::new();
        for (n, area) in [GRID, NEXT_GRID, FAR_GRID, STREET, OTHER_STREET, DISTRICT, GRID, FAR_GRID].into_iter().enumerate() {
            let id = report(&d, NewReport { area: Some(area.parse().unwrap()), point: None, ..well() }).await.id;
            ids.push(id);
            if n % 3 == 0 {
                let decision = TriageDecision { assisting: if n == 0 { vec![] } else { vec![org(ROADS)] }, ..joint(WATER) };
                triage(&d, &street(), id, decision).await;
            }
        }
        let back = Command::RequestReturn { reason: linli_cases::model::ReturnReason::NotOurDuty, to: org(ROADS), note: "不是".into() };
        act(&d, &water(), ids[0], back).await;

        let mut conn = d.db.read().await.unwrap();
        let everything = linli_access::Scope::everything();
        let mut cases = Vec::new();
        for id in &ids {
            cases.push(read::detail(&mut conn, &everything, *id).await.unwrap().case);
        }
        let access = d.port::<Access>().unwrap();
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(1) });
        for _ in 0..120 {
            let actor = anybody().new_tree(&mut runner).unwrap().current();
            let scope = access.policy.scope(&actor, "case.read");
            let listed = read::page(&mut conn, &d, (&scope, &Filter::default()), Sort::Newest, None, 100).await.unwrap();
            let mut listed: Vec<CaseId> = listed.items.into_iter().map(|r| r.id).collect();
            listed.sort();
            let mut permitted: Vec<CaseId> = cases
                .iter()
                .filter(|case| {
                    let orgs = store::orgs(case);
                    access.policy.permits(&actor, "case.read", &Target { area: &case.area, orgs: &orgs }).is_ok()
                })
                .map(|case| case.id)
                .collect();
            permitted.sort();
            assert_eq!(listed, permitted, "{actor:?}");
            for case in &cases {
                let seen = read::detail(&mut conn, &scope, case.id).await.is_ok();
                assert_eq!(seen, permitted.contains(&case.id), "{actor:?}");
            }
            let counted = read::counts(&mut conn, &d, &scope, d.clock.now()).await.unwrap();
            assert_eq!(counted.by_state.values().sum::<i64>(), i64::try_from(permitted.len()).unwrap());
        }
    }

    async fn pages_follow_each_other_without_gap_or_double(s) {
        let d = district(&s).await;
        for _ in 0..23 {
            report(&d, well()).await;
        }
        let mut conn = d.db.read().await.unwrap();
        for sort in [Sort::Newest, Sort::NextDue] {
            let mut seen = Vec::new();
            let mut after = None;
            loop {
                let page = read::page(&mut conn, &d, (&scope(&d, &street()), &Filter::default()), sort, after, 5).await.unwrap();
                seen.extend(page.items.iter().map(|r| r.id));
                match page.next {
                    Some(next) => after = Some(next.parse().unwrap()),
                    None => break,
                }
            }
            let mut all = seen.clone();
            all.sort();
            all.dedup();
            assert_eq!((seen.len(), all.len()), (23, 23), "{sort:?}");
        }
    }
}
