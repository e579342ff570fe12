//! Two districts in one process: the host name chooses, and nothing of one shows in the other.

use axum::http::StatusCode;
use linli_testkit::{Engine, Scratch, scratch};

use crate::house::house;

async fn two_districts(a: Scratch, b: Scratch) {
    let house = house(&[(&a, "a", 1), (&b, "b", 2)], false).await;
    let unknown = house.visit("c.example").get("/login").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);

    let mut conn = house.districts[0].db.read().await.unwrap();
    let cases: Vec<(linli_kernel::export::uuid::Uuid, String)> =
        conn.all("SELECT id, number FROM case_file ORDER BY id LIMIT 5", vec![]).await.unwrap();
    drop(conn);
    assert_eq!(cases.len(), 5);
    let mut of_a = house.as_("a.example", "centre1").await;
    let mut of_b = house.as_("b.example", "centre1").await;
    for (id, number) in &cases {
        let path = format!("/api/v1/cases/{id}");
        let own = of_a.get(&path).await;
        assert!(own.status == StatusCode::OK && own.body.contains(number), "{}", own.status);
        let other = of_b.get(&path).await;
        assert_eq!(other.status, StatusCode::NOT_FOUND, "{}", other.body);
    }
    // A session of one district is nothing in the other.
    let mut stray = house.visit("b.example");
    stray.cookies = of_a.cookies.clone();
    assert!(stray.get("/me/security").await.location.starts_with("/login?next="));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    if let (Some(a), Some(b)) = (scratch(Engine::Sqlite).await, scratch(Engine::Sqlite).await) {
        two_districts(a, b).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    if let (Some(a), Some(b)) = (scratch(Engine::Postgres).await, scratch(Engine::Postgres).await) {
        two_districts(a, b).await;
    }
}
