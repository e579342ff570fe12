//! Log-in, second factor, sessions, lockout.

use linli_access::{
    accounts, factor,
    sessions::{self, Attempt, Factor},
    throttle,
};
use linli_kernel::{Error, Role};
use linli_store::District;
use linli_testkit::both_engines;

use crate::{
    PASSWORD, STREET, access, actor, caller, district, grant, key, log, minutes, officer, op, person,
    session, try_log_in,
};

/// The secret as an app would have scanned it.
fn scanned(uri: &str) -> Vec<u8> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let text = uri.split("secret=").nth(1).unwrap().split('&').next().unwrap();
    let (mut bits, mut held, mut out) = (0_u32, 0, Vec::new());
    for c in text.chars() {
        bits = bits << 5 | u32::try_from(LETTERS.find(c).unwrap()).unwrap();
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    out
}

fn code(d: &District, secret: &[u8]) -> String {
    factor::code(secret, d.clock.now()).unwrap()
}

/// Lets the next code become right.
fn next_code(d: &District) {
    d.clock.advance(minutes(1));
}

both_engines! {
    async fn a_session_is_found_in_one_query_with_the_posts_of_today(s) {
        let d = district(&s).await;
        let id = person(&d, "wang.wu", Some(Role::GridWorker)).await;
        let opened = try_log_in(&d, " Wang.Wu ", PASSWORD).await.unwrap();
        let db = d.db.metered();
        let a = access(&d);
        let at = async |now| sessions::authenticate(&mut db.read().await.unwrap(), &a, &opened.token, now).await.unwrap();
        let now = d.clock.now();
        let found = at(now).await.unwrap();
        assert_eq!(db.queries(), 1);
        assert!(found.ready() && found.factor == Factor::NotNeeded);
        assert!(found.actor.serves(Role::GridWorker, &format!("{STREET}001001").parse().unwrap()));

        // A post that begins tomorrow counts tomorrow; one that ended counts no more.
        let mut by = op(&d, officer()).await;
        let post = accounts::NewPost {
            role: Role::CommunitySecretary, area: STREET.parse().unwrap(), org: crate::org(1),
            from: Some(now.plus(minutes(60))), until: Some(now.plus(minutes(120))),
        };
        accounts::grant(&mut by, id, post).await.unwrap();
        by.commit().await.unwrap();
        let roles = |s: &sessions::Session| s.actor.posts().iter().map(|p| p.role).collect::<Vec<_>>();
        assert_eq!(roles(&at(now).await.unwrap()), [Role::GridWorker]);
        assert_eq!(roles(&at(now.plus(minutes(60))).await.unwrap()).len(), 2);
        assert_eq!(roles(&at(now.plus(minutes(120))).await.unwrap()), [Role::GridWorker]);
        // Only the hash is kept.
        let stored: Vec<(Vec<u8>,)> = d.db.read().await.unwrap().all("SELECT token_hash FROM session", vec![]).await.unwrap();
        assert!(stored.iter().all(|(hash,)| hash.len() == 32 && hash != opened.token.as_bytes()));
    }

    async fn every_failure_answers_alike_and_makes_the_name_wait(s) {
        let d = district(&s).await;
        person(&d, "wang.wu", Some(Role::GridWorker)).await;
        for login in ["wang.wu", "nobody.here"] {
            let mut answers = Vec::new();
            for _ in 0..6 {
                answers.push(format!("{:?}", try_log_in(&d, login, "Wrong-pass-1").await.unwrap_err()));
            }
            let refused = format!("{:?}", Error::field("login", "error-login-refused"));
            assert_eq!(answers[..5], vec![refused; 5]);
            assert_eq!(answers[5], format!("{:?}", Error::TooMany(30)), "{login}");
        }
        // The right password must wait too, and works when the wait is over.
        assert!(matches!(try_log_in(&d, "wang.wu", PASSWORD).await, Err(Error::TooMany(30))));
        d.clock.advance(std::time::Duration::from_secs(30));
        assert!(matches!(try_log_in(&d, "wang.wu", "Wrong-pass-1").await, Err(Error::Invalid(_))));
        assert!(matches!(try_log_in(&d, "wang.wu", PASSWORD).await, Err(Error::TooMany(60))));
        d.clock.advance(minutes(1));
        try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
        // Success forgives.
        assert!(matches!(try_log_in(&d, "wang.wu", "Wrong-pass-1").await, Err(Error::Invalid(_))));
        try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
        let refusals = log(&d).await.iter().filter(|a| *a == "session.refuse").count();
        assert_eq!(refusals, 5 + 5 + 1 + 1);
    }

    async fn many_tries_at_once_do_not_slip_through(s) {
        let d = district(&s).await;
        person(&d, "wang.wu", Some(Role::GridWorker)).await;
        let mut tasks = Vec::new();
        for n in 0..20 {
            let d = d.clone();
            tasks.push(tokio::spawn(async move {
                matches!(try_log_in(&d, "wang.wu", &format!("Guess-number-{n}")).await, Err(Error::Invalid(_)))
            }));
        }
        let mut checked = 0;
        for task in tasks {
            checked += u32::from(task.await.unwrap());
        }
        assert_eq!(checked, 5, "only the free tries were compared with the password");
    }

    async fn a_source_that_tries_many_names_waits(s) {
        let d = district(&s).await;
        person(&d, "wang.wu", Some(Role::GridWorker)).await;
        for n in 0..throttle::SOURCE.free {
            assert_eq!(key(try_log_in(&d, &format!("name{n}"), "Wrong-pass-1").await), "error-login-refused");
        }
        assert!(matches!(try_log_in(&d, "wang.wu", PASSWORD).await, Err(Error::TooMany(10))));
        let elsewhere = Attempt { login: "wang.wu", password: PASSWORD, source: "10.0.0.10", device: "", kept: "" };
        sessions::log_in(&caller(&d), &elsewhere).await.unwrap();
        // One success does not clear a guessing source.
        d.clock.advance(std::time::Duration::from_secs(10));
        try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
        assert_eq!(key(try_log_in(&d, "name1", "Wrong-pass-1").await), "error-login-refused");
        assert!(matches!(try_log_in(&d, "name2", "Wrong-pass-1").await, Err(Error::TooMany(_))));
    }

    async fn the_officer_unlocks(s) {
        let d = district(&s).await;
        let id = person(&d, "wang.wu", Some(Role::GridWorker)).await;
        for _ in 0..5 {
            try_log_in(&d, "wang.wu", "Wrong-pass-1").await.unwrap_err();
        }
        let mut by = op(&d, officer()).await;
        accounts::unlock(&mut by, id).await.unwrap();
        by.commit().await.unwrap();
        try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
    }

    async fn sessions_end_idle_and_in_any_case(s) {
        let d = district(&s).await;
        person(&d, "wang.wu", Some(Role::DepartmentLead)).await;
        let opened = try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
        d.clock.advance(minutes(119));
        let found = session(&d, &opened.token).await.unwrap();
        assert!(found.touch_due);
        sessions::touch(&caller(&d), found.id).await.unwrap();
        assert!(!session(&d, &opened.token).await.unwrap().touch_due);
        d.clock.advance(minutes(119));
        assert!(session(&d, &opened.token).await.is_some());
        d.clock.advance(minutes(1));
        assert!(session(&d, &opened.token).await.is_none());

        let opened = try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
        for _ in 0..11 {
            d.clock.advance(minutes(60));
            let found = session(&d, &opened.token).await.unwrap();
            sessions::touch(&caller(&d), found.id).await.unwrap();
        }
        d.clock.advance(minutes(60));
        assert!(session(&d, &opened.token).await.is_none());
    }

    async fn a_centre_role_must_set_up_and_show_a_second_factor(s) {
        let d = district(&s).await;
        person(&d, "centre", Some(Role::StreetCentre)).await;
        let opened = try_log_in(&d, "centre", PASSWORD).await.unwrap();
        let first = session(&d, &opened.token).await.unwrap();
        assert!(first.factor == Factor::SetUp && !first.ready());
        let mut begin = op(&d, first.actor.clone()).await;
        let setup = sessions::begin(&mut begin, &first, "邻里").await.unwrap();
        begin.commit().await.unwrap();
        let secret = scanned(&setup.uri);
        assert_eq!(secret.len(), 20);
        // Whoever only holds the session cannot make the factor their own.
        let guessed = sessions::confirm(&caller(&d), &first, "Wrong-pass-1", &code(&d, &secret)).await;
        assert_eq!(key(guessed), "error-password-wrong");
        assert_eq!(session(&d, &opened.token).await.unwrap().factor, Factor::SetUp);
        assert_eq!(key(sessions::confirm(&caller(&d), &first, PASSWORD, "000000").await), "error-code-wrong");
        let (raised, codes) = sessions::confirm(&caller(&d), &first, PASSWORD, &code(&d, &secret)).await.unwrap();
        assert_eq!(codes.len(), factor::RECOVERY_CODES);
        // The token from before is dead: whoever had it gains nothing.
        assert!(session(&d, &opened.token).await.is_none());
        assert!(session(&d, &raised.token).await.unwrap().ready());

        // Next time the factor is shown; the code that confirmed does not count twice.
        let second = session(&d, &try_log_in(&d, "centre", PASSWORD).await.unwrap().token).await.unwrap();
        assert_eq!(second.factor, Factor::Due);
        assert_eq!(key(sessions::verify(&caller(&d), &second, &code(&d, &secret)).await), "error-code-wrong");
        let mut again = op(&d, second.actor.clone()).await;
        assert_eq!(key(sessions::begin(&mut again, &second, "邻里").await), "error-factor-set");
        drop(again);
        next_code(&d);
        let shown = sessions::verify(&caller(&d), &second, &code(&d, &secret)).await.unwrap();
        let shown = session(&d, &shown.token).await.unwrap();
        assert_eq!(shown.factor, Factor::Done);
        assert_eq!(key(sessions::verify(&caller(&d), &shown, &codes[0]).await), "error-factor-not-due");

        // A recovery code counts once, however it is typed.
        let open = async || session(&d, &try_log_in(&d, "centre", PASSWORD).await.unwrap().token).await.unwrap();
        let third = open().await;
        let typed = codes[3].to_uppercase().replace('-', " ");
        sessions::verify(&caller(&d), &third, &typed).await.unwrap();
        let fourth = open().await;
        assert_eq!(key(sessions::verify(&caller(&d), &fourth, &codes[3]).await), "error-code-wrong");
        sessions::verify(&caller(&d), &fourth, &codes[4]).await.unwrap();
    }

    async fn guessing_codes_waits_across_sessions(s) {
        let d = district(&s).await;
        person(&d, "centre", Some(Role::StreetCentre)).await;
        let secret = with_factor(&d, "centre").await;
        for _ in 0..5 {
            let session = session(&d, &try_log_in(&d, "centre", PASSWORD).await.unwrap().token).await.unwrap();
            assert_eq!(key(sessions::verify(&caller(&d), &session, "000000").await), "error-code-wrong");
        }
        let fresh = session(&d, &try_log_in(&d, "centre", PASSWORD).await.unwrap().token).await.unwrap();
        next_code(&d);
        d.clock.advance(minutes(1));
        for _ in 0..2 {
            let _ = sessions::verify(&caller(&d), &fresh, "000000").await;
        }
        let right = code(&d, &secret);
        assert!(matches!(sessions::verify(&caller(&d), &fresh, &right).await, Err(Error::TooMany(60))));
    }

    async fn a_lost_factor_is_reset_by_the_officer(s) {
        let d = district(&s).await;
        let id = person(&d, "centre", Some(Role::StreetCentre)).await;
        with_factor(&d, "centre").await;
        let opened = try_log_in(&d, "centre", PASSWORD).await.unwrap();
        let mut by = op(&d, officer()).await;
        accounts::reset_factor(&mut by, id).await.unwrap();
        by.commit().await.unwrap();
        assert!(session(&d, &opened.token).await.is_none());
        let again = try_log_in(&d, "centre", PASSWORD).await.unwrap();
        assert_eq!(session(&d, &again.token).await.unwrap().factor, Factor::SetUp);
    }

    async fn a_grant_or_its_end_ends_the_sessions(s) {
        let d = district(&s).await;
        let id = person(&d, "wang.wu", Some(Role::GridWorker)).await;
        let opened = try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
        assert!(session(&d, &opened.token).await.unwrap().ready());
        let mut by = op(&d, officer()).await;
        let post = grant(&mut by, id, Role::StreetCentre, STREET).await.unwrap();
        by.commit().await.unwrap();
        assert!(session(&d, &opened.token).await.is_none(), "a session of a month does not get the new rights");
        let opened = try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
        assert_eq!(session(&d, &opened.token).await.unwrap().factor, Factor::SetUp);
        let mut by = op(&d, officer()).await;
        accounts::end(&mut by, post).await.unwrap();
        by.commit().await.unwrap();
        assert!(session(&d, &opened.token).await.is_none());
    }

    async fn a_strict_post_that_begins_later_shortens_the_sessions_of_then(s) {
        let d = district(&s).await;
        let id = person(&d, "wang.wu", Some(Role::GridWorker)).await;
        let opened = try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
        let mut by = op(&d, officer()).await;
        let post = accounts::NewPost {
            role: Role::StreetCentre, area: STREET.parse().unwrap(), org: crate::org(1),
            from: Some(d.clock.now().plus(minutes(60))), until: None,
        };
        accounts::grant(&mut by, id, post).await.unwrap();
        by.commit().await.unwrap();
        d.clock.advance(minutes(59));
        assert!(session(&d, &opened.token).await.unwrap().ready());
        d.clock.advance(minutes(2));
        assert_eq!(session(&d, &opened.token).await.unwrap().factor, Factor::SetUp);
        d.clock.advance(minutes(60));
        assert!(session(&d, &opened.token).await.is_none(), "two hours without a request");
    }

    async fn nobody_locks_another_out_from_elsewhere(s) {
        let d = district(&s).await;
        person(&d, "wang.wu", Some(Role::GridWorker)).await;
        let from = async |source: &str, password: &str, kept: &str| {
            let attempt = Attempt { login: "wang.wu", password, source, device: "", kept };
            sessions::log_in(&caller(&d), &attempt).await
        };
        let wrong = "Wrong-pass-1";
        // One network of IPv6 is one source.
        for n in 0..5 {
            assert_eq!(key(from(&format!("2001:db8::{n}"), wrong, "").await), "error-login-refused");
        }
        assert!(matches!(from("2001:db8::77", PASSWORD, "").await, Err(Error::TooMany(30))));
        let first = from("10.0.0.10", PASSWORD, "").await.unwrap();
        let account = session(&d, &first.token).await.unwrap().account;
        // Somebody guesses from ever new places: new devices are slowed down, a little.
        let mut waits = 0;
        for n in 0..80_u64 {
            match from(&format!("192.0.2.{n}"), wrong, "").await {
                Err(Error::TooMany(wait)) => {
                    assert!(wait <= 5, "{wait}");
                    waits += 1;
                    d.clock.advance(std::time::Duration::from_secs(wait));
                }
                other => assert_eq!(key(other), "error-login-refused"),
            }
        }
        assert!(waits > 10, "{waits}");
        assert_eq!(key(from("192.0.2.200", wrong, "").await), "error-login-refused");
        assert!(matches!(from("10.0.0.11", PASSWORD, "").await, Err(Error::TooMany(1..=5))));
        // A device that has logged in before does not wait, wherever it is now, also beside the one who guesses.
        let kept = sessions::remembered(&access(&d), &d.ids, "", account).unwrap();
        from("10.0.0.11", PASSWORD, &kept).await.unwrap();
        from("2001:db8::5", PASSWORD, &kept).await.unwrap();
        // What another account's device keeps, or somebody made up, proves nothing.
        let other = person(&d, "li.si", None).await;
        let foreign = sessions::remembered(&access(&d), &d.ids, "", other).unwrap();
        let (name, proof) = kept.split_once('.').unwrap();
        for false_one in [foreign, format!("{name}.{}", proof.chars().rev().collect::<String>()), format!("{}.{proof}", "0".repeat(32)), name.to_owned()] {
            assert!(matches!(from("10.0.0.12", PASSWORD, &false_one).await, Err(Error::TooMany(_))), "{false_one}");
        }
        // A device of two people is known for both, and has tries of its own.
        let both = sessions::remembered(&access(&d), &d.ids, &kept, other).unwrap();
        for _ in 0..5 {
            assert_eq!(key(from("10.0.0.11", wrong, &both).await), "error-login-refused");
        }
        assert!(matches!(from("10.0.0.11", PASSWORD, &both).await, Err(Error::TooMany(30))));
        // Whoever unlocks does so wherever it was.
        let mut by = op(&d, linli_kernel::Actor::System).await;
        accounts::unlock_named(&mut by, " Wang.Wu").await.unwrap();
        assert_eq!(key(accounts::unlock_named(&mut by, "nobody").await), "not found");
        by.commit().await.unwrap();
        from("10.0.0.11", PASSWORD, &both).await.unwrap();
        from("2001:db8::77", PASSWORD, "").await.unwrap();
    }

    async fn a_new_password_ends_the_other_sessions(s) {
        let d = district(&s).await;
        person(&d, "wang.wu", Some(Role::GridWorker)).await;
        let (a, b) = (try_log_in(&d, "wang.wu", PASSWORD).await.unwrap(), try_log_in(&d, "wang.wu", PASSWORD).await.unwrap());
        let mine = session(&d, &a.token).await.unwrap();
        let change = async |old: &str, new: &str| key(sessions::change_password(&caller(&d), &mine, old, new).await);
        assert_eq!(change("Wrong-pass-1", "Neu8!mq4Zt").await, "error-password-wrong");
        assert_eq!(change(PASSWORD, PASSWORD).await, "error-password-same");
        assert_eq!(change(PASSWORD, "short").await, "error-password-short");
        assert_eq!(change(PASSWORD, "Neu8!mq4Zt").await, "ok");
        assert!(session(&d, &a.token).await.is_some());
        assert!(session(&d, &b.token).await.is_none());
        assert_eq!(key(try_log_in(&d, "wang.wu", PASSWORD).await), "error-login-refused");
        try_log_in(&d, "wang.wu", "Neu8!mq4Zt").await.unwrap();
    }

    async fn devices_are_listed_and_ended(s) {
        let d = district(&s).await;
        let id = person(&d, "wang.wu", Some(Role::GridWorker)).await;
        let (a, b) = (try_log_in(&d, "wang.wu", PASSWORD).await.unwrap(), try_log_in(&d, "wang.wu", PASSWORD).await.unwrap());
        let mine = session(&d, &a.token).await.unwrap();
        let devices = async |actor: &linli_kernel::Actor| {
            let mut conn = d.db.read().await.unwrap();
            sessions::devices(&mut conn, &access(&d), actor, id, d.clock.now()).await
        };
        let own = devices(&mine.actor).await.unwrap();
        assert_eq!(own.len(), 2);
        assert_eq!((own[0].device.as_str(), own[0].source.as_str()), ("Firefox", "10.0.0.9"));
        // A stranger neither sees nor ends them; the officer does both.
        let stranger = actor("x", 77, &[(Role::GridWorker, STREET, 1)]);
        assert_eq!(key(devices(&stranger).await), "not found");
        let mut by = op(&d, stranger).await;
        assert!(sessions::revoke(&mut by, b.id).await.is_err());
        drop(by);
        let mut by = op(&d, officer()).await;
        sessions::revoke(&mut by, b.id).await.unwrap();
        by.commit().await.unwrap();
        assert_eq!(devices(&officer()).await.unwrap().len(), 1);
        assert!(session(&d, &b.token).await.is_none());

        let c = try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
        let mut others = op(&d, mine.actor.clone()).await;
        assert_eq!(sessions::revoke_others(&mut others, &mine).await.unwrap(), 1);
        sessions::log_out(&mut others, &mine).await.unwrap();
        others.commit().await.unwrap();
        assert!(session(&d, &a.token).await.is_none() && session(&d, &c.token).await.is_none());
    }

    async fn a_hash_of_old_costs_is_renewed_at_log_in(s) {
        let d = district(&s).await;
        person(&d, "wang.wu", Some(Role::GridWorker)).await;
        let old = linli_access::password::Passwords::new(64, 1, &d.ids).unwrap().hash(PASSWORD, &d.ids).await.unwrap();
        let mut tx = d.db.begin().await.unwrap();
        tx.execute("UPDATE account SET password = $1", linli_kernel::params![old]).await.unwrap();
        tx.commit().await.unwrap();
        try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
        let hash: String = d.db.read().await.unwrap().scalar("SELECT password FROM account", vec![]).await.unwrap();
        assert!(hash.contains("$m=32,t=1,"), "{hash}");
        try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
    }

    async fn old_sessions_are_forgotten_after_half_a_year(s) {
        let d = district(&s).await;
        person(&d, "wang.wu", Some(Role::GridWorker)).await;
        let count = async || -> i64 {
            d.db.read().await.unwrap().scalar("SELECT count(*) FROM session", vec![]).await.unwrap()
        };
        let sweep = async || {
            let mut tx = d.db.begin().await.unwrap();
            sessions::sweep(&mut tx, d.clock.now()).await.unwrap();
            tx.commit().await.unwrap();
        };
        d.clock.advance(std::time::Duration::from_hours(24 * 209));
        sweep().await;
        assert_eq!(count().await, 1);
        d.clock.advance(std::time::Duration::from_hours(24 * 2));
        sweep().await;
        assert_eq!(count().await, 0);
    }
}

/// Sets up the second factor of `login` and answers the secret.
async fn with_factor(d: &std::sync::Arc<District>, login: &str) -> Vec<u8> {
    let first = session(d, &try_log_in(d, login, PASSWORD).await.unwrap().token).await.unwrap();
    let mut begin = op(d, first.actor.clone()).await;
    let setup = sessions::begin(&mut begin, &first, "邻里").await.unwrap();
    begin.commit().await.unwrap();
    let secret = scanned(&setup.uri);
    sessions::confirm(&caller(d), &first, PASSWORD, &code(d, &secret)).await.unwrap();
    next_code(d);
    secret
}
