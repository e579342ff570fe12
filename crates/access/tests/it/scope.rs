//! A list shows exactly what the policy permits: random people, random things, real SQL.

use linli_access::{Policy, Target};
use linli_kernel::{
    Actor, AreaCode, Role,
    actor::{AccountId, OrgId, Post},
    export::uuid::Uuid,
    params,
};
use linli_store::{Db, Where};
use linli_testkit::both_engines;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};

use crate::org;

#[derive(Debug)]
struct Thing {
    area: AreaCode,
    lead: OrgId,
    assisting: Vec<OrgId>,
}

/// Few streets, communities and grids, so that prefixes often meet.
fn area() -> impl Strategy<Value = AreaCode> {
    (0..4_usize, prop::array::uniform3(1..4_u16)).prop_map(|(depth, parts)| {
        parts[..depth.min(3)].iter().fold("371002".parse::<AreaCode>().unwrap(), |a, &n| a.child(n).unwrap())
    })
}

fn an_org() -> impl Strategy<Value = OrgId> {
    (1..6_u128).prop_map(org)
}

fn thing() -> impl Strategy<Value = Thing> {
    (area(), an_org(), prop::collection::vec(an_org(), 0..3)).prop_map(|(area, lead, assisting)| Thing {
        area,
        lead,
        assisting,
    })
}

fn someone() -> impl Strategy<Value = Actor> {
    let post = (prop::sample::select(Role::ALL), area(), an_org()).prop_map(|(role, area, org)| Post {
        role,
        area,
        org,
    });
    let scopes =
        prop::sample::subsequence(vec!["case.list", "case.report", "case.export", "stats.view"], 0..4);
    prop_oneof![
        8 => prop::collection::vec(post, 0..4).prop_map(|posts| Actor::Account {
            id: AccountId(Uuid::nil()), name: "a".into(), posts,
        }),
        2 => (scopes, area()).prop_map(|(scopes, area)| Actor::Client {
            id: Uuid::nil(), name: "c".into(), scopes: scopes.into_iter().map(Into::into).collect(), area,
        }),
        1 => Just(Actor::Public),
        1 => Just(Actor::System),
    ]
}

fn draw<T: std::fmt::Debug>(runner: &mut TestRunner, strategy: impl Strategy<Value = T>) -> T {
    strategy.new_tree(runner).unwrap().current()
}

async fn fill(db: &Db, things: &[Thing]) {
    let mut tx = db.begin().await.unwrap();
    let code = tx.dialect("TEXT", "TEXT COLLATE \"C\"").to_owned();
    let uuid = tx.dialect("BLOB", "UUID").to_owned();
    tx.execute(
        &format!("CREATE TABLE thing (id BIGINT PRIMARY KEY, area {code} NOT NULL, lead {uuid} NOT NULL)"),
        vec![],
    )
    .await
    .unwrap();
    tx.execute(&format!("CREATE TABLE task (thing BIGINT NOT NULL, org {uuid} NOT NULL)"), vec![])
        .await
        .unwrap();
    for (n, thing) in things.iter().enumerate() {
        let n = i64::try_from(n).unwrap();
        tx.execute("INSERT INTO thing VALUES ($1, $2, $3)", params![n, &thing.area, thing.lead])
            .await
            .unwrap();
        for &org in &thing.assisting {
            tx.execute("INSERT INTO task VALUES ($1, $2)", params![n, org]).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}

both_engines! {
    async fn lists_equal_policy(s) {
        let policy = Policy::built_in().unwrap();
        let mut runner = TestRunner::new(Config::default());
        let things: Vec<Thing> = (0..150).map(|_| draw(&mut runner, thing())).collect();
        fill(&s.db, &things).await;
        let actions: Vec<String> = policy.actions().map(|(a, ..)| a.to_owned()).collect();
        let mut conn = s.db.read().await.unwrap();
        let (mut some, mut none) = (0, 0);
        for _ in 0..400 {
            let (actor, action) = draw(&mut runner, (someone(), prop::sample::select(actions.clone())));
            let scope = policy.scope(&actor, &action);
            let mut rows = Where::new();
            rows.and("t.id >= ?", vec![0_i64.into()]);
            scope.filter(
                &mut rows,
                "t.area",
                "t.lead IN {orgs} OR EXISTS (SELECT 1 FROM task k WHERE k.thing = t.id AND k.org IN {orgs})",
            );
            let sql = format!("SELECT t.id FROM thing t{} ORDER BY t.id", rows.text());
            let listed: Vec<(i64,)> = conn.all(&sql, rows.args()).await.unwrap();
            let listed: Vec<usize> = listed.into_iter().map(|(n,)| usize::try_from(n).unwrap()).collect();
            let permitted: Vec<usize> = things
                .iter()
                .enumerate()
                .filter(|(_, thing)| {
                    let orgs: Vec<OrgId> = [thing.lead].into_iter().chain(thing.assisting.iter().copied()).collect();
                    policy.permits(&actor, &action, &Target { area: &thing.area, orgs: &orgs }).is_ok()
                })
                .map(|(n, _)| n)
                .collect();
            assert_eq!(listed, permitted, "{action} {actor:?}");
            assert!(listed.is_empty() || policy.allows_somewhere(&actor, &action));
            if listed.is_empty() { none += 1 } else { some += 1 }
        }
        assert!(some > 40 && none > 40, "the draw must show both: {some} {none}");
    }
}

/// Independently of the code under test: what the sheet's words mean, spelled out.
#[test]
fn permits_means_what_the_words_mean() {
    let policy = Policy::built_in().unwrap();
    let actions: Vec<String> = policy.actions().map(|(a, ..)| a.to_owned()).collect();
    let sheet: Vec<Vec<&str>> =
        linli_access::policy::PERMISSIONS.lines().map(|line| line.split(',').collect()).collect();
    proptest!(|(actor in someone(), thing in thing(), action in prop::sample::select(actions))| {
        let row = sheet.iter().find(|row| row[0] == action).unwrap();
        let cell = |role: &str| row[sheet[0].iter().position(|c| *c == role).unwrap()];
        let takes_part = |org: &OrgId| thing.lead == *org || thing.assisting.contains(org);
        let inside = |area: &AreaCode| thing.area.as_str().starts_with(area.as_str());
        let expected = match &actor {
            Actor::System => true,
            Actor::Public => false,
            Actor::Client { scopes, area, .. } => {
                cell("api_client") == "辖区" && scopes.contains(&action) && inside(area)
            }
            Actor::Account { posts, .. } => posts.iter().any(|post| match cell(post.role.as_str()) {
                "辖区" => inside(&post.area),
                "本单位" => takes_part(&post.org),
                "辖区或本单位" => inside(&post.area) || takes_part(&post.org),
                _ => false,
            }),
        };
        let orgs: Vec<OrgId> = [thing.lead].into_iter().chain(thing.assisting.iter().copied()).collect();
        let permitted = policy.permits(&actor, &action, &Target { area: &thing.area, orgs: &orgs }).is_ok();
        prop_assert_eq!(permitted, expected);
    });
}
