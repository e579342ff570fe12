//! Live streams: by right, and for as long as the session lasts.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
    middleware::from_fn_with_state,
};
use http_body_util::BodyExt as _;
use linli_access::{
    sessions,
    web::{guard, identify, live::Topics},
};
use linli_kernel::Role;
use linli_store::District;
use linli_testkit::both_engines;
use linli_web::{App, Catalog};
use tower::ServiceExt as _;

use crate::{PASSWORD, STREET, district, op, person, session, try_log_in};

pub(crate) const TOPICS: Topics =
    Topics { table: &[("case", &["case.list"])], pace: Duration::from_millis(50) };

const ONE: &str = "01890000-0000-7000-8000-000000000001";

fn pages(d: &Arc<District>) -> Router {
    let manifests = [linli_web::manifest(), linli_access::manifest()];
    let texts: Vec<_> = manifests.iter().flat_map(|m| m.locales).copied().collect();
    let app = App::new(vec![(d.clone(), Vec::new())], Catalog::new(&texts).unwrap(), true);
    guard::routes(&manifests)
        .layer(from_fn_with_state(app.clone(), identify::identify))
        .layer(from_fn_with_state(app.clone(), linli_web::entry::entry))
        .with_state(app)
}

async fn listen(router: &Router, token: &str, kinds: &str) -> Body {
    let request = Request::get(format!("/live?kinds={kinds}"))
        .header(header::COOKIE, format!("{}={token}", identify::COOKIE))
        .body(Body::empty())
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    answer.into_body()
}

/// The next piece of the stream; nothing once it has ended.
async fn next(body: &mut Body) -> Option<String> {
    let frame = tokio::time::timeout(Duration::from_secs(10), body.frame()).await.unwrap()?;
    Some(String::from_utf8_lossy(&frame.unwrap().into_data().unwrap()).into_owned())
}

async fn tell(d: &Arc<District>, area: &str) {
    let mut op = op(d, linli_kernel::Actor::System).await;
    op.announce("case", area, ONE);
    op.commit().await.unwrap();
}

both_engines! {
    async fn a_stream_tells_by_right_and_ends_with_its_session(s) {
        let d = district(&s).await;
        person(&d, "wang.wu", Some(Role::GridWorker)).await;
        let opened = try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
        let router = pages(&d);
        let mut body = listen(&router, &opened.token, "case,secret").await;
        // The process may hear of it late; whoever waits is told.
        let mut heard = String::new();
        while !heard.contains(ONE) {
            tell(&d, STREET).await;
            if let Ok(Some(Ok(frame))) = tokio::time::timeout(Duration::from_millis(500), body.frame()).await {
                heard += &String::from_utf8_lossy(&frame.into_data().unwrap());
            }
        }
        assert!(heard.contains("event: case-changed"), "{heard}");
        // One case of the whole district is not this street's.
        tell(&d, "371002").await;
        tell(&d, "371002001001").await;
        let mut after = String::new();
        while !after.contains(ONE) {
            after = next(&mut body).await.unwrap();
        }
        let quiet = tokio::time::timeout(Duration::from_millis(400), body.frame()).await;
        assert!(quiet.is_err(), "{quiet:?}");
        // Logged out, the stream ends by itself.
        let mine = session(&d, &opened.token).await.unwrap();
        let mut out = op(&d, mine.actor.clone()).await;
        sessions::log_out(&mut out, &mine).await.unwrap();
        out.commit().await.unwrap();
        assert_eq!(next(&mut body).await, None);
    }

    async fn without_the_right_nothing_is_heard(s) {
        let d = district(&s).await;
        person(&d, "wang.wu", None).await;
        let opened = try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
        let mut body = listen(&pages(&d), &opened.token, "case").await;
        for _ in 0..3 {
            tell(&d, STREET).await;
            tell(&d, "371002").await;
            let quiet = tokio::time::timeout(Duration::from_millis(200), body.frame()).await;
            assert!(quiet.is_err(), "{quiet:?}");
        }
    }
}
