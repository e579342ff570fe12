//! The way back to one's own case without the link: nobody else may take it.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{StatusCode, header},
};
use linli_testkit::both_engines;
use linli_web::limit::WRONG_A_DAY;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::hotline::{file, imported};

async fn asked(house: &Router, body: Value) -> (StatusCode, Value) {
    let request = Request::post("/api/v1/tracking").header(header::HOST, "t");
    let answer = house.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
    let (head, body) = answer.into_parts();
    let mut body: Value = serde_json::from_slice(&to_bytes(body, usize::MAX).await.unwrap()).unwrap();
    // The number of the request differs each time.
    body.as_object_mut().unwrap().remove("instance");
    (head.status, body)
}

async fn find(house: &Router, number: &str, phone: &str) -> (StatusCode, Value) {
    asked(house, json!({ "number": number, "phone": phone })).await
}

async fn page(house: &Router, path: &str) -> String {
    let request = Request::get(path).header(header::HOST, "t").header(header::ACCEPT, "text/html");
    let request = request.header(header::ACCEPT_LANGUAGE, "en");
    let answer = house.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    String::from_utf8(to_bytes(answer.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

both_engines! {
    async fn what_a_handler_sees_of_a_phone_proves_nothing(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        let house = http::service(&d);
        // The case page shows every handler 138****8000.
        let old = asked(&house, json!({ "number": receipt.number, "tail": "8000" })).await;
        assert_eq!(old.0, StatusCode::UNPROCESSABLE_ENTITY, "{}", old.1);
        for part in ["8000", "138****8000", "138 8000"] {
            let (status, said) = find(&house, &receipt.number, part).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{part}: {said}");
        }
        let (status, found) = find(&house, &receipt.number.to_lowercase(), "+86 138-0013-8000").await;
        assert_eq!((status, found["token"].as_str()), (StatusCode::OK, Some(receipt.token.as_str())), "{found}");
    }

    async fn nobody_learns_who_reported(s) {
        let d = district(&s).await;
        let hidden = |hidden, anonymous| NewReport {
            reporter: ReporterInput { hidden, anonymous, ..well().reporter },
            ..well()
        };
        let (open, shy) = (report(&d, well()).await, report(&d, hidden(true, false)).await);
        let nobody = report(&d, hidden(false, true)).await;
        let later = report(&d, well()).await;
        by_link(&d, &later, Command::HideIdentity).await.unwrap();
        let house = http::service(&d);
        let wrong = find(&house, &open.number, "13800138001").await;
        assert_eq!(wrong.0, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.1);
        for number in [&shy.number, &nobody.number, &later.number, "HC20260101-000999"] {
            assert_eq!(find(&house, number, "13800138000").await, wrong, "{number}");
        }
        // Whoever cannot come back that way is told on the receipt.
        for (receipt, only) in [(&open, false), (&shy, true), (&nobody, true), (&later, true)] {
            let done = page(&house, &format!("/report/done?t={}", receipt.token)).await;
            assert_eq!(done.contains("it is the only way back"), only, "{}", receipt.number);
        }
    }

    async fn wrong_guesses_over_many_numbers_come_to_an_end(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        let house = http::service(&d);
        for n in 0..WRONG_A_DAY {
            let (status, said) = find(&house, &format!("HC20260101-{n:06}"), "13800138000").await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{n}: {said}");
        }
        let (status, said) = find(&house, &receipt.number, "13800138000").await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "not even a right one: {said}");
    }

    async fn who_called_the_hotline_finds_the_case_of_the_file(s) {
        let d = district(&s).await;
        let sheet = "工单编号,标题,诉求内容,诉求时间,联系电话\nW1,路灯,塔山路的路灯不亮,2019/2/28 11:25:05,13800138000\n";
        assert_eq!(imported(&d, file(sheet).path()).await.added, 1);
        let house = http::service(&d);
        let (status, found) = find(&house, "HC20190228-000001", "13800138000").await;
        assert_eq!(status, StatusCode::OK, "{found}");
        let path = format!("/api/v1/tracking/{}", found["token"].as_str().unwrap());
        assert!(page(&house, &path).await.contains("HC20190228-000001"));
        // An older import left a secret that nobody knows.
        let mut tx = d.db.begin().await.unwrap();
        let old = linli_kernel::params![vec![7_u8; 32]];
        tx.execute("UPDATE case_file SET token_hash = $1", old).await.unwrap();
        tx.commit().await.unwrap();
        let unknown = find(&house, "HC20190228-000009", "13800138000").await;
        assert_eq!(find(&house, "HC20190228-000001", "13800138000").await, unknown);
    }
}
