//! Every route of every slice, from outside: without log-in, without a post, from another street, from
//! a foreign site. New routes are covered by themselves.

use axum::http::StatusCode;
use linli::wiring;
use linli_testkit::both_engines;
use linli_web::{Access, Route};

use crate::house::{filled, house};

const NOBODY: &str = "01890000-0000-7000-8000-000000000000";

fn routes() -> Vec<Route> {
    let routes: Vec<Route> = wiring::manifests().iter().flat_map(|m| (m.routes)()).collect();
    assert!(routes.len() > 50, "the walk found the routes");
    routes
}

/// Routes that change something out of the district's sight are checked by what they answer alone.
fn refuses(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 401 | 403 | 404 | 409 | 413 | 415 | 422)
}

both_engines! {
    async fn without_log_in_only_public_doors_open(db) {
        let house = house(&[(&db, "a", 1)], true).await;
        for route in routes() {
            let mut browser = house.visit("a.example");
            let (verb, path) = (route.verb.as_str(), filled(route.path, NOBODY));
            let answer = browser.send(verb, &path, "", &[]).await;
            let to_login = answer.status == StatusCode::SEE_OTHER && answer.location.starts_with("/login?next=");
            let closed = answer.status == StatusCode::UNAUTHORIZED || to_login;
            if route.access == Access::Public {
                assert!(!to_login, "{verb} {path} is public, not {} {}", answer.status, answer.location);
                assert!(!answer.status.is_server_error(), "{verb} {path}: {}", answer.status);
            } else {
                assert!(closed, "{verb} {path} answered {} {}", answer.status, answer.location);
                assert!(verb == "GET" || !to_login, "{verb} {path}");
            }
        }
    }

    async fn without_a_post_nothing_but_the_own_account(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let mut admin = house.as_("a.example", "admin").await;
        let made = admin.post("/admin/accounts", "login=new.one&name=%E6%96%B0%E4%BA%BA&phone=&area=371002").await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.body);
        let password = between(&made.body, "<code id=\"password\">", "</code>");
        let mut new = house.visit("a.example");
        assert_eq!(new.log_in("new.one", password).await.location, "/login/password");
        // Until the password is changed the session opens nothing.
        assert!(new.get("/me/security").await.location.starts_with("/login"));
        let form = format!("old={password}&new=Tg7!rw2pLmX&again=Tg7!rw2pLmX");
        assert_eq!(new.post("/login/password", &form).await.location, "/me/security");
        assert_eq!(new.get("/me/security").await.status, StatusCode::OK);
        for route in routes() {
            if let Access::May(action) = route.access {
                let path = filled(route.path, NOBODY);
                let answer = new.send(route.verb.as_str(), &path, "", &[]).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{} {path} for {action}", route.verb.as_str());
            }
        }
    }

    async fn another_street_shows_nothing(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let mut conn = house.districts[0].db.read().await.unwrap();
        let (id, number): (linli_kernel::export::uuid::Uuid, String) = conn
            .one("SELECT id, number FROM case_file WHERE area >= '371002001' AND area < '371002002' ORDER BY id", vec![])
            .await
            .unwrap();
        drop(conn);
        let mut walked = 0;
        for login in ["community002001", "grid002001001", "admin"] {
            let mut person = house.as_("a.example", login).await;
            for route in routes().into_iter().filter(|r| r.access != Access::Public && r.path.contains('{')) {
                let path = filled(route.path, &id.to_string());
                let answer = person.send(route.verb.as_str(), &path, "reason=because+I+want", &[]).await;
                assert!(!answer.status.is_server_error(), "{login}: {} {path}", route.verb.as_str());
                assert!(!answer.body.contains(&number), "{login} saw {number} at {path}");
                if route.verb.as_str() == "GET" {
                    assert!(refuses(answer.status), "{login}: GET {path} answered {}", answer.status);
                }
                walked += 1;
            }
        }
        assert!(walked > 30, "the walk found routes of one thing");
        // Its own street's centre does see it.
        let mut centre = house.as_("a.example", "street001.1").await;
        let own = centre.send("GET", &format!("/api/v1/cases/{id}"), "", &[]).await;
        assert!(own.status == StatusCode::OK && own.body.contains(&number), "{}", own.status);
    }

    async fn a_foreign_site_changes_nothing(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let mut person = house.as_("a.example", "admin").await;
        for route in routes().into_iter().filter(|r| r.verb.as_str() != "GET") {
            let path = filled(route.path, NOBODY);
            for foreign in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")] {
                let answer = person.send(route.verb.as_str(), &path, "", &[foreign]).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} from {foreign:?}");
            }
        }
        assert_eq!(person.get("/admin").await.status, StatusCode::OK, "still logged in");
    }
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}
