//! The part of a demo that is left to the server, and a server that is killed meanwhile.

use std::sync::Arc;

use linli::{cmd::demo, wiring};
use linli_store::{District, outbox, worker};
use linli_testkit::{Engine, both_engines, scratch};

use crate::house::opened;

const SCALE: f64 = 0.003;

/// What there is, and the last number given.
async fn told(district: &Arc<District>) -> (i64, i64, i64, String) {
    let mut conn = district.db.read().await.unwrap();
    let cases = conn.scalar("SELECT count(*) FROM case_file", vec![]).await.unwrap();
    let homes = conn.scalar("SELECT count(*) FROM dwelling", vec![]).await.unwrap();
    let people = conn.scalar("SELECT count(*) FROM resident", vec![]).await.unwrap();
    let numbers: Vec<(String,)> =
        conn.all("SELECT number FROM case_file ORDER BY number", vec![]).await.unwrap();
    (cases, homes, people, numbers.into_iter().map(|(n,)| n).collect::<Vec<_>>().join(" "))
}

both_engines! { async fn comes_in_while_it_serves(s) {
    let handlers = wiring::handlers();
    let district = opened(&s, "huancui", 1, false).await;
    demo::fill(&district, SCALE, 1, true).await.unwrap();
    assert_eq!(told(&district).await.0, 0, "the cases are left to the server");
    // A few pieces, then the process is gone: another one opens the district and goes on.
    for _ in 0..3 {
        worker::turn(&district, &handlers).await.unwrap();
    }
    let some = told(&district).await;
    district.db.close().await;
    let district = opened(&s, "huancui", 2, false).await;
    for _ in 0..2_000 {
        let mut conn = district.db.read().await.unwrap();
        let left: i64 = conn
            .scalar("SELECT count(*) FROM outbox WHERE kind = 'demo.fill' AND done_at IS NULL", vec![])
            .await
            .unwrap();
        drop(conn);
        if left == 0 {
            break;
        }
        worker::turn(&district, &handlers).await.unwrap();
    }
    assert_eq!(outbox::depth(&district.db).await.unwrap().1, 0, "nothing was set aside");
    let whole = told(&district).await;
    assert!(some.0 > 0 && some.0 < whole.0, "it was cut in the middle: {} of {}", some.0, whole.0);

    let other = scratch(Engine::Sqlite).await.unwrap();
    let at_once = opened(&other, "huancui", 1, false).await;
    demo::fill(&at_once, SCALE, 1, false).await.unwrap();
    assert_eq!(told(&at_once).await, whole, "the same as made at once");
    at_once.db.close().await;
    district.db.close().await;
}}
