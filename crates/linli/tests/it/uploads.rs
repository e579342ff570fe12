//! What people send us, and what odd senders do: each answered at its place, nothing half-taken.

use axum::http::StatusCode;
use linli_store::Blobs;
use linli_testkit::both_engines;
use serde_json::json;

use crate::{
    call::{Caller, made_key},
    house::{House, MULTIPART, house, multipart},
};

/// A JPEG that does not compress well.
pub(crate) fn noise(width: u32, height: u32) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    let pixels = image::RgbImage::from_fn(width, height, |_, _| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let [r, g, b, ..] = state.to_le_bytes();
        image::Rgb([r, g, b])
    });
    let mut out = std::io::Cursor::new(Vec::new());
    image::DynamicImage::ImageRgb8(pixels).write_to(&mut out, image::ImageFormat::Jpeg).unwrap();
    out.into_inner()
}

/// `jpeg` with a camera's segment that holds a place.
fn with_place(jpeg: &[u8]) -> Vec<u8> {
    let secret = b"Exif\0\0GPS-37.51234N-122.12345E";
    let mut tagged = jpeg[..2].to_vec();
    tagged.extend([0xff, 0xe1, 0, u8::try_from(secret.len() + 2).unwrap()]);
    tagged.extend_from_slice(secret);
    tagged.extend_from_slice(&jpeg[2..]);
    tagged
}

/// A PNG of 60 KB that would be 2.7 GB of pixels.
fn bomb() -> Vec<u8> {
    let mut png = std::io::Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(10, 10).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let mut png = png.into_inner();
    png[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
    png
}

async fn cases(house: &House) -> i64 {
    house.districts[0]
        .db
        .read()
        .await
        .unwrap()
        .scalar("SELECT count(*) FROM case_file", vec![])
        .await
        .unwrap()
}

both_engines! {
    async fn photos_lose_their_place_and_odd_files_are_refused(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        let blobs = house.districts[0].port::<Blobs>().unwrap();
        // The demo's models are files too.
        let already = blobs.names().unwrap();
        let kept = || -> Vec<String> {
            blobs.names().unwrap().into_iter().filter(|name| !already.contains(name)).collect()
        };
        let mut person = house.visit("a.example");
        let photo = noise(640, 480);
        let taken = person.report("路灯不亮", &[("photos", "IMG_1.jpg", &with_place(&photo))]).await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
        let names = kept();
        assert_eq!(names.len(), 2, "the picture and its small one");
        for name in &names {
            let bytes = blobs.get(name).await.unwrap();
            assert!(!bytes.windows(3).any(|w| w == b"GPS"), "no place is left");
            assert!(!bytes.windows(4).any(|w| w == b"Exif"));
        }

        let before = cases(&house).await;
        let half = &photo[..photo.len() / 3];
        let large = vec![0xff; 13 * 1024 * 1024];
        let script = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>";
        for (name, bytes) in [
            ("bomb.png", bomb().as_slice()),
            ("page.svg", script.as_slice()),
            ("virus.exe", b"MZ\x90\0\x03".as_slice()),
            ("half.jpg", half),
            ("large.jpg", large.as_slice()),
        ] {
            let answer = person.report("井盖松动", &[("photos", name, bytes)]).await;
            let clear = matches!(answer.status, StatusCode::UNPROCESSABLE_ENTITY | StatusCode::PAYLOAD_TOO_LARGE);
            assert!(clear, "{name}: {} {}", answer.status, answer.body);
            assert!(answer.body.contains("<html"), "{name}: a page, not a bare word");
        }
        let many = vec![("photos", "a.jpg", photo.as_slice()); 10];
        let answer = person.report("太多照片", &many).await;
        assert!(answer.status.is_client_error(), "{}", answer.status);
        assert_eq!(cases(&house).await, before, "nothing was filed");
        assert_eq!(kept().len(), 2, "nothing was kept");
    }

    async fn another_system_reports_with_photos_and_repeats_itself(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        let officer = Caller::person(&house, "security").await;
        let key = made_key(&house, &officer, &["case.report", "case.read"], "371002").await;
        let app = Caller::key("应用", &key);
        let photo = noise(320, 240);
        let report = json!({ "source": "property", "nature": "help", "text": "单元门坏了" }).to_string();
        let send = async |report: &str, files: &[(&str, &str, &[u8])], once: &str| {
            let body = multipart(&[("report", report)], files);
            let more = [("idempotency-key", once)];
            app.send(&house, "POST", "/api/v1/cases/with-photos", MULTIPART, body, &more).await
        };
        let before = cases(&house).await;
        let made = send(&report, &[("photo", "a.jpg", &photo)], "one").await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        let again = send(&report, &[("photo", "a.jpg", &photo)], "one").await;
        assert_eq!((again.status, again.json()), (made.status, made.json()), "the same answer");
        assert_eq!(cases(&house).await, before + 1);
        let other = send(&report, &[("photo", "a.jpg", &noise(300, 200))], "one").await;
        assert_eq!(other.status, StatusCode::CONFLICT, "the key stands for another photo");
        let id = made.json()["id"].as_str().unwrap().to_owned();
        let case = app.get(&house, &format!("/api/v1/cases/{id}")).await.json();
        assert_eq!(case["photos"].as_array().unwrap().len(), 1, "{case}");

        // What is wrong is told at its place, and nothing is filed.
        let odd = send(r#"{ "source": "property", "nature": "help", "wrong": 1 }"#, &[], "two").await;
        assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", odd.text());
        let none = app.send(&house, "POST", "/api/v1/cases/with-photos", MULTIPART, multipart(&[], &[]), &[]).await;
        assert!(none.text().contains("report"), "{}", none.text());
        let bad = send(&report, &[("photo", "a.jpg", b"MZ")], "three").await;
        assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", bad.text());
        assert_eq!(cases(&house).await, before + 1);
    }

    async fn a_residents_app_reports_without_a_key(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        let nobody = Caller::nobody();
        let before = cases(&house).await;
        let told = json!({ "text": "井盖松动", "lat": 37.51, "lng": 122.11, "reporter_phone": "13800138000" });
        let send = async |body: &serde_json::Value, once: &str| {
            let more = [("idempotency-key", once)];
            nobody.send(&house, "POST", "/api/v1/reports", "application/json", body.to_string().into_bytes(), &more).await
        };
        let made = send(&told, "one").await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        let again = send(&told, "one").await;
        assert_eq!((again.status, again.json()), (made.status, made.json()), "the same answer");
        let receipt = made.json();
        let token = receipt["token"].as_str().unwrap();
        assert!(receipt["tracking_url"].as_str().unwrap().ends_with(&format!("/t/{token}")), "{receipt}");
        let own = nobody.get(&house, &format!("/api/v1/tracking/{token}")).await.json();
        assert_eq!((&own["number"], &own["source"], &own["nature"]), (&receipt["number"], &json!("resident"), &json!("help")));

        // The secret of the link is made again, not kept with the key.
        let d = &house.districts[0];
        let kept: Vec<(String,)> = d.db.read().await.unwrap().all("SELECT answer FROM idempotency", vec![]).await.unwrap();
        assert!(!kept.is_empty() && kept.iter().all(|(answer,)| !answer.contains(token)), "{kept:?}");

        // Photos go as on the route with a key, as many as on the page.
        let photo = noise(320, 240);
        let form = async |files: &[(&str, &str, &[u8])]| {
            let body = multipart(&[("report", &told.to_string())], files);
            nobody.send(&house, "POST", "/api/v1/reports/with-photos", MULTIPART, body, &[("idempotency-key", "two")]).await
        };
        let seven = vec![("photo", "a.jpg", photo.as_slice()); 7];
        let many = form(&seven).await;
        assert_eq!((many.status, many.json()["errors"][0]["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("photo")));
        // Of a report that is wrong no photo is stored.
        let wrong = multipart(&[("report", r#"{ "text": " ", "address": "门口" }"#)], &seven[..1]);
        let blobs = d.port::<Blobs>().unwrap();
        let stored = || blobs.older_than(linli_kernel::Timestamp::from_millis(i64::MAX)).unwrap();
        let there = stored();
        let wrong = nobody.send(&house, "POST", "/api/v1/reports/with-photos", MULTIPART, wrong, &[]).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text());
        assert_eq!(stored(), there);
        let with = form(&seven[..2]).await;
        assert_eq!(with.status, StatusCode::CREATED, "{}", with.text());
        let seen = nobody.get(&house, &format!("/api/v1/tracking/{}", with.json()["token"].as_str().unwrap())).await.json();
        assert_eq!(seen["photos"].as_array().unwrap().len(), 2, "{seen}");
        assert_eq!(cases(&house).await, before + 2);

        // What is wrong is told at its field; what only the house says is not taken from outside.
        for (body, field) in [
            (json!({ "text": "在哪里？" }), "area"),
            (json!({ "text": "x", "area": "110101" }), "area"),
            (json!({ "text": " ", "address": "门口" }), "text"),
            (json!({ "text": "x", "lat": 37.5 }), "lng"),
            (json!({ "text": "x", "address": "门口", "reporter_phone": "12" }), "phone"),
            (json!({ "text": "x", "address": "门口", "source": "hotline" }), "source"),
        ] {
            let odd = send(&body, "odd").await;
            assert_eq!((odd.status, odd.json()["errors"][0]["field"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some(field)), "{}", odd.text());
        }
        assert_eq!(cases(&house).await, before + 2);
        // Somebody who is logged in is a resident here as well.
        let centre = Caller::person(&house, "centre1").await;
        assert_eq!(centre.post(&house, "/api/v1/reports", &told).await.status, StatusCode::CREATED);
        let log: i64 = house.districts[0].db.read().await.unwrap()
            .scalar("SELECT count(*) FROM case_file WHERE reported_by IS NULL AND source = 'resident' AND body = '井盖松动'", vec![]).await.unwrap();
        assert_eq!(log, 3);

        // The pace of the page; a report that was taken is answered again all the same.
        let mut refused = None;
        for _ in 0..80 {
            let reply = nobody.post(&house, "/api/v1/reports", &json!({ "text": "又一件", "address": "门口" })).await;
            if !reply.status.is_success() {
                refused = Some(reply);
                break;
            }
        }
        let refused = refused.unwrap();
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{}", refused.text());
        assert_eq!(send(&told, "one").await.json(), receipt);
    }

    async fn a_request_that_says_it_is_too_large_is_refused_at_once(s) {
        let house = house(&[(&s, "a", 1)], false).await;
        let mut person = house.visit("a.example");
        for (kind, path) in [
            ("multipart/form-data; boundary=x", "/report"),
            ("application/json", "/api/v1/cases"),
            ("application/x-www-form-urlencoded", "/login"),
        ] {
            let length = (2_u64 << 30).to_string();
            // The body is empty here: an answer that came shows that nobody waited for it.
            let answer = person.send("POST", path, "", &[("content-type", kind), ("content-length", &length)]).await;
            assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}");
        }
        // One that does not say so is cut when it has become too large.
        let endless = "a".repeat(9 * 1024 * 1024);
        let answer = person.send("POST", "/login", &endless, &[]).await;
        assert!(answer.status.is_client_error(), "{}", answer.status);
    }
}
