//! Files that no row names: taken away some time later, and never one that somebody needs.

use std::time::{Duration, UNIX_EPOCH};

use axum::http::StatusCode;
use linli::wiring;
use linli_store::{Blobs, worker};
use linli_testkit::both_engines;

use crate::{
    house::{House, house},
    uploads::noise,
};

/// Makes a file as old as if it had been stored then.
fn date(blobs: &Blobs, name: &str, at: Duration) {
    let path = blobs.folder().join(&name[..2]).join(name);
    let file = std::fs::File::options().append(true).open(path).unwrap();
    file.set_modified(UNIX_EPOCH + at).unwrap();
}

/// Makes every file as old as files get.
fn age(blobs: &Blobs) {
    for name in blobs.names().unwrap() {
        date(blobs, &name, Duration::from_secs(1));
    }
}

async fn night(house: &House) {
    let handlers = wiring::handlers();
    let mut op = house.districts[0].op("test").await.unwrap();
    op.emit("files.sweep", &()).await.unwrap();
    op.commit().await.unwrap();
    while worker::turn(&house.districts[0], &handlers).await.unwrap() > 0 {}
}

both_engines! {
    async fn only_files_that_nobody_names_go(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        let district = &house.districts[0];
        let blobs = district.port::<Blobs>().unwrap();
        let mut person = house.visit("a.example");
        let taken = person.report("路灯不亮", &[("photos", "a.jpg", &noise(64, 48))]).await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
        let shared = blobs.put(b"a picture of three".to_vec()).await.unwrap();
        let mut tx = district.db.begin().await.unwrap();
        let id = || linli_kernel::export::uuid::Uuid::from_u128(1);
        let now = district.clock.now();
        let full = blobs.put(b"of a visit".to_vec()).await.unwrap();
        tx.execute(
            "INSERT INTO visit_photo (id, account_id, full_blob, small_blob, received_at) VALUES ($1, $2, $3, $4, $5)",
            linli_kernel::params![id(), id(), &full, &shared, now],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        // The demo's photos, models and answers, and what has just come.
        let named = blobs.names().unwrap();
        let stray = blobs.put(b"a form that was given up".to_vec()).await.unwrap();
        let fresh = blobs.put(b"a form that is being filled in".to_vec()).await.unwrap();
        age(&blobs);
        // By the house's clock, which a test sets.
        let just_now = Duration::from_millis(u64::try_from(now.millis()).unwrap());
        date(&blobs, &fresh, just_now);
        assert!(blobs.set_aside(&full, now).unwrap(), "as a killed process leaves it");

        night(&house).await;
        let mut left = named;
        left.push(fresh);
        left.sort_unstable();
        assert_eq!(blobs.names().unwrap(), left, "all that was there is there, without {stray}");
        assert!(blobs.aside().unwrap().is_empty());
        night(&house).await;
        assert_eq!(blobs.names().unwrap(), left);
    }

    async fn it_is_done_at_night(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        let handlers = wiring::handlers();
        assert!(handlers.contains_key("files.night") && handlers.contains_key("files.sweep"));
        worker::arm(&house.districts[0], &handlers).await.unwrap();
        let sql = "SELECT count(*) FROM outbox WHERE kind = 'files.night'";
        let armed: i64 = house.districts[0].db.read().await.unwrap().scalar(sql, vec![]).await.unwrap();
        assert_eq!(armed, 1);
    }
}
