//! The interfaces for maps and places.

use axum::{
    body::Body,
    extract::Request,
    http::{StatusCode, header},
};
use linli_grid::geometry::{Datum, Wgs84, read_features};
use linli_kernel::{Actor, Role};
use linli_testkit::both_engines;

use crate::house::{Pages, atlas, person, settled};

both_engines! {
    async fn maps_are_public_and_kept_by_browsers(scratch) {
        let district = settled(&scratch).await;
        let pages = Pages::new(&district, Actor::Public);
        let all = pages.get("/api/v1/grids.geojson").await;
        assert_eq!((all.status, all.headers["content-type"].to_str().unwrap()), (StatusCode::OK, "application/geo+json"));
        let features = read_features(&all.text, Datum::Wgs84).unwrap();
        assert_eq!(features.len(), 786);
        assert!(features.iter().all(|f| f.shape.is_ok() && f.properties["kind"] == "grid"));
        assert!(!all.text.contains("worker"));

        let one = pages.get("/api/v1/areas.geojson?level=community&within=371002002").await;
        assert!(read_features(&one.text, Datum::Wgs84).unwrap().iter().all(|f| {
            f.properties["code"].as_str().unwrap().starts_with("371002002") && f.properties["kind"] == "community"
        }));

        let tag = all.headers[header::ETAG].clone();
        let again = Request::get("/api/v1/grids.geojson").header(header::HOST, "test");
        let again = pages.ask(again.header(header::IF_NONE_MATCH, tag).body(Body::empty()).unwrap()).await;
        assert_eq!((again.status, again.text.len()), (StatusCode::NOT_MODIFIED, 0));

        let shifted = pages.get("/api/v1/areas.geojson?level=street&crs=gcj02").await;
        assert!(shifted.text.contains(r#""datum":"gcj02""#));
        let back = read_features(&shifted.text, Datum::Gcj02).unwrap();
        let plain = read_features(&pages.get("/api/v1/areas.geojson").await.text, Datum::Wgs84).unwrap();
        for (a, b) in back.iter().zip(&plain) {
            let (a, b) = (a.shape.as_ref().unwrap().centroid(), b.shape.as_ref().unwrap().centroid());
            assert!(a.metres_to(b) < 0.1);
        }
    }

    async fn wrong_wishes_are_answered_in_words(scratch) {
        let district = settled(&scratch).await;
        let pages = Pages::new(&district, Actor::Public);
        let bad = pages.get("/api/v1/areas.geojson?level=village&within=12&crs=bd09").await;
        assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
        for field in ["level", "within", "crs"] {
            assert!(bad.text.contains(&format!(r#""field":"{field}""#)), "{}", bad.text);
        }
        assert!(!bad.text.contains(r#""message":"grid-"#), "{}", bad.text);
        assert_eq!(pages.get("/api/v1/areas.geojson?within=110101").await.status, StatusCode::NOT_FOUND);
        assert_eq!(pages.get("/api/v1/locate?lat=x&lng=122").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }

    async fn a_place_answers_with_the_board_of_its_grid(scratch) {
        let district = settled(&scratch).await;
        let pages = Pages::new(&district, person(Role::GridWorker, "371002001"));
        let atlas = atlas(&district);
        for grid in atlas.areas().filter(|a| a.kind.is_some()).step_by(97) {
            let at = grid.centre.unwrap();
            let worker = grid.worker.as_ref().unwrap();
            let answer = pages.get(&format!("/api/v1/locate?lat={}&lng={}", at.lat, at.lon)).await;
            let told: serde_json::Value = serde_json::from_str(&answer.text).unwrap();
            assert_eq!(told["code"], grid.code.as_str());
            assert_eq!(told["path"], atlas.path(&grid.code));
            assert_eq!((told["worker"].as_str(), told["phone"].as_str()), (Some(worker.name.as_str()), worker.phone.as_deref()));
            let gcj = Wgs84 { lon: at.lon, lat: at.lat }.to_gcj02();
            let other = pages.get(&format!("/api/v1/locate?lat={}&lng={}&crs=gcj02", gcj.lat, gcj.lon)).await;
            assert_eq!(other.text, answer.text);
        }
        assert_eq!(pages.get("/api/v1/locate?lat=39.9&lng=116.4").await.status, StatusCode::NOT_FOUND);
    }
}
