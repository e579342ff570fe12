//! Photos of those who have no account: what is stored, and for whom.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    http::{StatusCode, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use linli_testkit::both_engines;
use tower::ServiceExt;

use super::*;

/// One red pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

fn form(fields: &[(&str, &str)], photos: usize) -> Vec<u8> {
    let part = |name: &str| format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"");
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("{}\r\n\r\n{value}\r\n", part(name)).bytes());
    }
    for _ in 0..photos {
        body.extend(format!("{}; filename=\"a.png\"\r\n\r\n", part("photos")).bytes());
        body.extend(STANDARD.decode(PNG).unwrap());
        body.extend(b"\r\n");
    }
    body.extend(b"--b--\r\n");
    body
}

async fn send(d: &Arc<District>, path: &str, body: Vec<u8>) -> (StatusCode, String) {
    let request = Request::post(path)
        .header(header::HOST, "t")
        .header(header::ACCEPT, "text/html")
        .header(header::ACCEPT_LANGUAGE, "en")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b");
    let answer = http::service(d).oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let status = answer.status();
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

fn stored(d: &Arc<District>) -> usize {
    d.port::<Blobs>().unwrap().names().unwrap().len()
}

both_engines! {
    async fn nothing_is_stored_of_a_report_that_is_wrong(s) {
        let d = district(&s).await;
        for wrong in [
            vec![("text", "路灯不亮")],
            vec![("text", ""), ("address", "塔山路12号")],
            vec![("text", "路灯不亮"), ("address", "塔山路12号"), ("phone", "123")],
            vec![("text", "路灯不亮"), ("grid", FAR_GRID), ("area", "999999999999999")],
        ] {
            let (status, page) = send(&d, "/report", form(&wrong, 2)).await;
            assert_eq!((status, stored(&d)), (StatusCode::UNPROCESSABLE_ENTITY, 0), "{wrong:?}");
            assert!(page.contains("choose the photos once more"), "{wrong:?}: what to do is said");
        }
        let right = [("text", "路灯不亮"), ("address", "塔山路12号")];
        let (status, page) = send(&d, "/report", form(&right, 1)).await;
        assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
        assert!(stored(&d) > 0);
    }

    async fn a_seventh_photo_loses_no_words(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        let said = [("do", "comment"), ("text", "还有一处也在冒水")];
        let (status, page) = send(&d, &format!("/t/{}", receipt.token), form(&said, 7)).await;
        assert_eq!((status, stored(&d)), (StatusCode::UNPROCESSABLE_ENTITY, 0));
        assert!(page.contains("At most 6 photos") && page.contains("还有一处也在冒水"), "{page}");
    }

    async fn the_secret_of_a_link_is_not_kept_with_the_keys(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        let said = [("idempotency_key", "1234567890"), ("do", "comment"), ("text", "还在冒水")];
        for _ in 0..2 {
            let (status, page) = send(&d, &format!("/t/{}", receipt.token), form(&said, 0)).await;
            assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
        }
        let mut conn = d.db.read().await.unwrap();
        let kept: Vec<(String, String)> =
            conn.all("SELECT key, answer FROM idempotency", vec![]).await.unwrap();
        assert_eq!(kept.len(), 1);
        assert!(!kept[0].0.contains(&receipt.token) && !kept[0].1.contains(&receipt.token), "{kept:?}");
        let sql = "SELECT count(*) FROM case_entry WHERE action = 'comment'";
        assert_eq!(conn.scalar::<i64>(sql, vec![]).await.unwrap(), 1, "the same twice is once");
    }

    async fn who_has_no_link_is_refused_before_anything_is_read(s) {
        let d = district(&s).await;
        let receipt = report(&d, well()).await;
        // Read first, this would be a broken form.
        let broken = b"--b\r\nnothing of a form".to_vec();
        assert_eq!(send(&d, "/t/nothing", broken.clone()).await.0, StatusCode::NOT_FOUND);
        assert_eq!(send(&d, &format!("/t/{}", receipt.token), broken).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        let said = [("do", "comment"), ("text", "一句话")];
        assert_eq!(send(&d, "/t/nothing", form(&said, 2)).await.0, StatusCode::NOT_FOUND);
        let unknown = [("do", "close"), ("text", "一句话")];
        assert_eq!(send(&d, &format!("/t/{}", receipt.token), form(&unknown, 2)).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(stored(&d), 0, "nothing of all this is stored");
    }
}
