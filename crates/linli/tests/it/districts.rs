//! Two districts in one process: the host name chooses, and nothing of one shows in the other.

use std::time::Duration;

use axum::http::StatusCode;
use linli_access::api_keys::{self, NewApiKey};
use linli_store::{Blobs, worker};
use linli_testkit::{Engine, Scratch, scratch};

use crate::house::{House, house};

async fn key(house: &House, nth: usize) -> String {
    let mut op = house.districts[nth].op("key").await.unwrap();
    let new = NewApiKey {
        name: "hotline".into(),
        scopes: vec!["case.list".into(), "case.read".into()],
        area: house.districts[nth].area.clone(),
        expires_at: op.now.plus(Duration::from_hours(24)),
    };
    let (_, text) = api_keys::create(&mut op, new).await.unwrap();
    op.commit().await.unwrap();
    text
}

async fn count(house: &House, nth: usize, sql: &str) -> i64 {
    house.districts[nth].db.read().await.unwrap().scalar(sql, vec![]).await.unwrap()
}

async fn two_districts(a: Scratch, b: Scratch) {
    let house = house(&[(&a, "a", 1), (&b, "b", 2)], false).await;
    let unknown = house.visit("c.example").get("/login").await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    cases_and_sessions(&house).await;
    keys_and_photos(&house).await;
    live_updates(&house).await;
    work(&house).await;
}

async fn cases_and_sessions(house: &House) {
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

async fn keys_and_photos(house: &House) {
    let key = key(house, 0).await;
    let bearer = format!("Bearer {key}");
    let own = house.visit("a.example").send("GET", "/api/v1/cases", "", &[("authorization", &bearer)]).await;
    assert_eq!(own.status, StatusCode::OK, "{}", own.body);
    let other =
        house.visit("b.example").send("GET", "/api/v1/cases", "", &[("authorization", &bearer)]).await;
    assert_eq!(other.status, StatusCode::UNAUTHORIZED, "{}", other.body);

    // A photo sent to one is neither stored nor served by the other, also to whoever has the link.
    let names = |nth: usize| house.districts[nth].port::<Blobs>().unwrap().names().unwrap();
    let before = names(0);
    let photo = crate::uploads::noise(64, 48);
    let told = house.visit("a.example").report("路灯不亮", &[("photos", "a.jpg", &photo)]).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.body);
    let token = told.location.rsplit('=').next().unwrap().to_owned();
    let mut conn = house.districts[0].db.read().await.unwrap();
    let photo: linli_kernel::export::uuid::Uuid = conn
        .scalar("SELECT id FROM case_photo ORDER BY created_at DESC, id DESC LIMIT 1", vec![])
        .await
        .unwrap();
    drop(conn);
    for path in
        [format!("/t/{token}"), format!("/t/{token}/photos/{photo}"), format!("/api/v1/tracking/{token}")]
    {
        assert_eq!(house.visit("a.example").get(&path).await.status, StatusCode::OK, "{path}");
        assert_eq!(house.visit("b.example").get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    // Both may hold the same model (the same demo taught it); the photo is in one.
    let (fresh, other): (Vec<_>, _) =
        (names(0).into_iter().filter(|name| !before.contains(name)).collect(), names(1));
    assert!(!fresh.is_empty(), "the photo is kept");
    assert!(fresh.iter().all(|name| !other.contains(name)), "blobs lie with their own district");
}

async fn live_updates(house: &House) {
    let (mut hears_a, mut hears_b) =
        (house.districts[0].db.hub().subscribe(), house.districts[1].db.hub().subscribe());
    // The listeners of PostgreSQL connect in the background.
    for tries in 0.. {
        assert!(tries < 50, "the district's own pages hear it");
        let told = house.visit("a.example").report("井盖松动", &[]).await;
        assert_eq!(told.status, StatusCode::SEE_OTHER);
        let heard = tokio::time::timeout(Duration::from_millis(300), hears_a.recv()).await;
        if let Ok(Ok(topic)) = heard
            && !topic.is_missed()
        {
            assert_eq!(topic.kind, "case");
            break;
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    while let Ok(topic) = hears_b.try_recv() {
        assert!(topic.is_missed(), "the other's do not");
    }
}

/// Jobs and outbox: each district's worker carries out its own rows and leaves the other's alone.
async fn work(house: &House) {
    const WAITING: &str = "SELECT count(*) FROM outbox WHERE done_at IS NULL AND kind = 'case.notice'";
    const NOTICES: &str = "SELECT count(*) FROM case_notice";
    for (host, times) in [("a.example", 2), ("b.example", 3)] {
        for n in 0..times {
            assert_eq!(
                house.visit(host).report(&format!("第{n}件"), &[]).await.status,
                StatusCode::SEE_OTHER
            );
        }
    }
    let (of_a, of_b) = (count(house, 0, WAITING).await, count(house, 1, WAITING).await);
    assert!(of_a > 0 && of_b > 0, "both owe something");
    let notices_b = count(house, 1, NOTICES).await;
    let handlers = linli::wiring::handlers();
    while worker::turn(&house.districts[0], &handlers).await.unwrap() > 0 {}
    assert_eq!((count(house, 0, WAITING).await, count(house, 1, WAITING).await), (0, of_b));
    assert_eq!(count(house, 1, NOTICES).await, notices_b);
    // Each has a chain of its own.
    while linli_store::activity::seal(&house.districts[1].db).await.unwrap() > 0 {}
    let heads = [
        linli_store::activity::verify(&house.districts[0].db).await.unwrap(),
        linli_store::activity::verify(&house.districts[1].db).await.unwrap(),
    ];
    assert!(heads.iter().all(|v| v.faults.is_empty()));
    assert_ne!(heads[0].head, heads[1].head);
    // What watches the process tells them apart by name.
    linli_web::health::collect_metrics();
    let metrics = house.visit("a.example").get("/metrics").await.body;
    // What is planned for later waits in both; what was owed just now only in the other.
    let waiting = |district: &str| -> i64 {
        let name = format!("outbox_waiting{{district=\"{district}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&name)?.parse().ok()).unwrap()
    };
    assert!(waiting("a") < waiting("b"), "{metrics}");
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
