//! The number of queries does not grow with the number of cases.

use linli_cases::{
    model::Command,
    read::{self, Filter, Sort},
};
use linli_testkit::both_engines;

use super::*;

async fn queries(d: &Arc<District>, id: CaseId) -> [u32; 6] {
    let scope = scope(d, &centre());
    let counted = |n: usize, db: &linli_store::Db| (n, db.queries());
    let mut all = [0; 6];
    for n in 0..6 {
        let db = d.db.metered();
        let mut conn = db.read().await.unwrap();
        match n {
            0 => drop(
                read::page(&mut conn, d, (&scope, &Filter::default()), Sort::Newest, None, 1000)
                    .await
                    .unwrap(),
            ),
            1 => drop(
                read::page(
                    &mut conn,
                    d,
                    (&scope, &Filter { text: Some("污水".into()), ..Filter::default() }),
                    Sort::NextDue,
                    None,
                    1000,
                )
                .await
                .unwrap(),
            ),
            2 => drop(read::detail(&mut conn, &scope, id).await.unwrap()),
            3 => drop(read::counts(&mut conn, d, &scope, d.clock.now()).await.unwrap()),
            4 => drop(
                read::rates(&mut conn, d, &scope, at("2026-11-01T00:00"), at("2026-12-01T00:00"))
                    .await
                    .unwrap(),
            ),
            _ => drop(read::similar(&mut conn, d, &scope, id).await.unwrap()),
        }
        let (n, queries) = counted(n, &db);
        all[n] = queries;
    }
    all
}

both_engines! {
    async fn ten_cases_and_five_hundred_cost_the_same(s) {
        let d = district(&s).await;
        let many = |count: usize| {
            let d = d.clone();
            async move {
                let mut op = op(&d, Actor::System).await;
                let mut last = None;
                for _ in 0..count {
                    last = Some(app::report(&mut op, well()).await.unwrap().id);
                }
                op.commit().await.unwrap();
                last.unwrap()
            }
        };
        let id = many(10).await;
        // The first look reads everything once.
        queries(&d, id).await;
        let few = queries(&d, id).await;
        many(490).await;
        for n in 0..20 {
            act(&d, &street(), id, Command::Note { text: format!("第{n}条") }).await;
        }
        assert_eq!(queries(&d, id).await, few);
        assert_eq!(few[..4], [2, 3, 5, 1]);
    }
}
