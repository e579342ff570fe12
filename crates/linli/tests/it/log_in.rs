//! Coming in by the pages: home by role, second factor, recovery code, lock-out, log-out.

use std::time::Duration;

use axum::http::StatusCode;
use linli::cmd::demo::PASSWORD;
use linli_access::factor;
use linli_testkit::both_engines;

use crate::house::house;

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}

/// The bytes of the secret as the page shows it (RFC 4648).
fn bytes(shown: &str) -> Vec<u8> {
    let digit = |c: u8| if c.is_ascii_uppercase() { c - b'A' } else { c - b'2' + 26 };
    let (mut held, mut bits, mut out) = (0_u32, 0, Vec::new());
    for c in shown.bytes().filter(u8::is_ascii_alphanumeric) {
        held = (held << 5) | u32::from(digit(c));
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((held >> bits) & 0xff).unwrap());
        }
    }
    out
}

both_engines! {
    async fn each_role_comes_home(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        for (login, home) in [
            ("grid001001001", "/work"), ("housing", "/desk"), ("centre1", "/desk"), ("admin", "/admin"),
            ("security", "/admin"), ("auditor", "/audit"),
        ] {
            let mut person = house.visit("a.example");
            assert_eq!(person.log_in(login, PASSWORD).await.location, home, "{login}");
        }
        let mut person = house.visit("a.example");
        let form = |next| format!("login=admin&password={PASSWORD}&next={next}");
        assert_eq!(person.post("/login", &form("/admin/accounts?q=a")).await.location, "/admin/accounts?q=a");
        assert_eq!(person.post("/login", &form("//evil.example")).await.location, "/admin");
    }

    async fn the_second_factor_is_set_up_shown_and_recovered(db) {
        let house = house(&[(&db, "a", 1)], true).await;
        let clock = &house.districts[0].clock;
        let mut person = house.visit("a.example");
        assert_eq!(person.log_in("auditor", PASSWORD).await.location, "/login/setup");
        assert!(person.get("/audit").await.location.starts_with("/login"), "nothing opens yet");
        let page = person.get("/login/setup").await.body;
        let shown = between(&page, "<code id=\"secret\">", "</code>").to_owned();
        assert!(page.contains("<svg"));
        let wrong = person.post("/login/setup", &format!("password={PASSWORD}&code=000000")).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains(&shown), "the code that was scanned stays");
        let before = person.cookies.clone();
        let code = factor::code(&bytes(&shown), clock.now()).unwrap();
        let done = person.post("/login/setup", &format!("password={PASSWORD}&code={code}")).await;
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
        let recovery = between(&done.body, "<li><code>", "</code>").to_owned();
        assert_ne!(before, person.cookies, "a raised session has a new token");
        assert_eq!(person.get("/audit").await.status, StatusCode::OK);
        let mut old = house.visit("a.example");
        old.cookies = before;
        assert!(old.get("/audit").await.location.starts_with("/login?next="), "the old token is dead");

        let mut again = house.visit("a.example");
        assert_eq!(again.log_in("auditor", PASSWORD).await.location, "/login/code");
        let used = again.post("/login/code", &format!("code={code}")).await;
        assert_eq!(used.status, StatusCode::UNPROCESSABLE_ENTITY, "a code counts once");
        clock.advance(Duration::from_secs(31));
        let code = factor::code(&bytes(&shown), clock.now()).unwrap();
        assert_eq!(again.post("/login/code", &format!("code={code}&next=/audit")).await.location, "/audit");

        let mut lost = house.visit("a.example");
        lost.log_in("auditor", PASSWORD).await;
        assert_eq!(lost.post("/login/code", &format!("code={recovery}")).await.location, "/audit");
        assert_eq!(lost.post("/logout", "").await.location, "/login");
        assert!(lost.get("/audit").await.location.starts_with("/login?next="));
    }

    async fn too_many_tries_wait(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let mut person = house.visit("a.example");
        for name in ["housing", "no.such.person"] {
            for _ in 0..5 {
                let wrong = person.log_in(name, "wrong").await;
                assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
                assert!(wrong.body.contains(&format!("value=\"{name}\"")), "the name stays");
            }
            let shut = person.log_in(name, PASSWORD).await;
            assert_eq!(shut.status, StatusCode::TOO_MANY_REQUESTS, "even the right password waits");
            assert_eq!(shut.retry_after.as_deref(), Some("30"));
            assert!(shut.body.contains("30 秒后"), "in words");
        }
        house.districts[0].clock.advance(Duration::from_secs(31));
        assert_eq!(person.log_in("housing", PASSWORD).await.location, "/desk");
    }

    async fn a_known_device_does_not_wait_for_who_guesses_there(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let mut officer = house.as_("a.example", "security").await;
        let kept = officer.cookies.get("linli_device").cloned().unwrap();
        assert!(kept.len() > 60 && !kept.contains("security"), "{kept}");
        // All tests come from one address, as an office does.
        let mut joker = house.visit("a.example");
        for _ in 0..5 {
            joker.log_in("security", "wrong").await;
        }
        assert_eq!(joker.log_in("security", PASSWORD).await.status, StatusCode::TOO_MANY_REQUESTS);
        officer.post("/logout", "").await;
        assert_eq!(officer.log_in("security", PASSWORD).await.location, "/admin");
        assert!(officer.cookies["linli_device"].starts_with(&kept[..32]), "the device stays the same");
    }

    async fn a_field_token_is_among_the_own_devices_and_ends_with_them(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        let clock = &house.districts[0].clock;
        let mut worker = house.as_("a.example", "grid001001001").await;
        assert!(!worker.get("/me/security").await.body.contains("外业采集应用"));
        let made = worker.post("/surveys/device", "").await;
        assert!(made.body.contains("id=\"token\"") && made.body.contains("有效期到"), "{}", made.body);
        clock.advance(Duration::from_secs(1));
        let page = worker.get("/me/security").await.body;
        assert!(page.contains("外业采集应用") && page.contains("href=\"/surveys/device\""), "{page}");
        worker.post("/me/security/devices", "").await;
        assert!(!worker.get("/me/security").await.body.contains("外业采集应用"));
        assert!(!worker.get("/surveys/device").await.body.contains("有效期到"));
    }

    async fn the_navigation_leads_nowhere_closed(db) {
        let house = house(&[(&db, "a", 1)], false).await;
        for login in ["community001001", "street001.1", "housing", "hotline1", "admin", "security", "auditor"] {
            let mut person = house.as_("a.example", login).await;
            let page = person.get("/me/security").await.body;
            let nav = between(&page, "<nav class=\"nav\"", "</nav>").to_owned();
            for link in nav.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
                let status = person.get(link).await.status;
                assert!(status.is_success() || status.is_redirection(), "{login}: {link} {status}");
            }
        }
    }
}
