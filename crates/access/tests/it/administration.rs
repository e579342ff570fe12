//! Accounts and posts: who may make whom what.

use linli_access::accounts::{self, Edit, Filter, NewAccount, NewPost, Status};
use linli_kernel::{Error, Role};
use linli_testkit::both_engines;

use crate::{
    DISTRICT, PASSWORD, STREET, access, actor, admin, district, grant, key, log, officer, op, org, person,
    session, try_log_in,
};

fn new(login: &str) -> NewAccount {
    NewAccount { login: login.into(), name: "王小明".into(), area: STREET.parse().unwrap(), phone: None }
}

both_engines! {
    async fn making_and_granting_are_two_people(s) {
        let d = district(&s).await;
        let initial = access(&d).passwords.initial(&d.ids).await.unwrap();
        let mut by_admin = op(&d, admin()).await;
        let id = accounts::create(&mut by_admin, new("wang.wu"), &initial).await.unwrap();
        assert_eq!(key(accounts::create(&mut by_admin, new("WANG.wu"), &initial).await), "error-login-taken");
        assert_eq!(key(accounts::create(&mut by_admin, new("王"), &initial).await), "error-login-shape");
        // The administrator sees the account, but granting is not theirs.
        assert_eq!(key(grant(&mut by_admin, id, Role::GridWorker, STREET).await), "error-forbidden");
        by_admin.commit().await.unwrap();

        let mut by_officer = op(&d, officer()).await;
        assert_eq!(key(accounts::create(&mut by_officer, new("li.si"), &initial).await), "error-forbidden");
        let post = grant(&mut by_officer, id, Role::GridWorker, STREET).await.unwrap();
        assert_eq!(key(grant(&mut by_officer, id, Role::GridWorker, STREET).await), "error-post-held");
        by_officer.commit().await.unwrap();

        let mut end = op(&d, officer()).await;
        accounts::end(&mut end, post).await.unwrap();
        assert_eq!(key(accounts::end(&mut end, post).await), "error-post-ended");
        end.commit().await.unwrap();
        assert_eq!(log(&d).await, ["account.create", "role.grant", "role.grant"]);
    }

    async fn no_account_holds_two_of_the_three(s) {
        let d = district(&s).await;
        let id = person(&d, "wang.wu", None).await;
        let mut by = op(&d, officer()).await;
        let later = d.clock.now().plus(std::time::Duration::from_hours(48));
        let future = NewPost {
            role: Role::Auditor, area: DISTRICT.parse().unwrap(), org: org(1), from: Some(later), until: None,
        };
        accounts::grant(&mut by, id, future).await.unwrap();
        for role in [Role::SystemAdmin, Role::SecurityOfficer] {
            assert_eq!(key(grant(&mut by, id, role, DISTRICT).await), "error-role-conflict", "{role}");
        }
        grant(&mut by, id, Role::GridWorker, STREET).await.unwrap();
    }

    async fn nobody_helps_themselves(s) {
        let d = district(&s).await;
        let id = person(&d, "wang.wu", None).await;
        let initial = access(&d).passwords.initial(&d.ids).await.unwrap();
        for role in [Role::SystemAdmin, Role::SecurityOfficer] {
            let mut me = op(&d, actor("me", id.0.as_u128(), &[(role, DISTRICT, 1)])).await;
            assert_eq!(key(grant(&mut me, id, Role::Auditor, DISTRICT).await), "error-not-yourself");
            assert_eq!(key(accounts::reset_factor(&mut me, id).await), "error-not-yourself");
            assert_eq!(key(accounts::reset_password(&mut me, id, &initial).await), "error-not-yourself");
            assert_eq!(key(accounts::set_status(&mut me, id, Status::Disabled).await), "error-not-yourself");
        }
        // Neither administrator alone can take over somebody else's account.
        let mut by_admin = op(&d, admin()).await;
        assert_eq!(key(accounts::reset_factor(&mut by_admin, id).await), "error-forbidden");
        drop(by_admin);
        let mut by_officer = op(&d, officer()).await;
        assert_eq!(key(accounts::reset_password(&mut by_officer, id, &initial).await), "error-forbidden");
    }

    async fn an_area_ends_an_administrators_reach(s) {
        let d = district(&s).await;
        let id = person(&d, "wang.wu", None).await;
        let elsewhere = actor("street admin", 9, &[(Role::SystemAdmin, "371002002", 1)]);
        let a = access(&d);
        let mut conn = d.db.read().await.unwrap();
        assert!(matches!(accounts::get(&mut conn, &a, &elsewhere, id).await, Err(Error::NotFound)));
        let everyone = Filter { size: 10, ..Filter::default() };
        let now = d.clock.now();
        assert!(accounts::list(&mut conn, &a, &elsewhere, &everyone, now).await.unwrap().items.is_empty());
        drop(conn);
        let mut by = op(&d, elsewhere).await;
        let edit = Edit { name: "x".into(), area: STREET.parse().unwrap(), phone: None };
        assert!(matches!(accounts::edit(&mut by, id, edit).await, Err(Error::NotFound)));
        drop(by);
        // Nor can an account be pushed out of the own area.
        let mut here = op(&d, actor("here", 9, &[(Role::SystemAdmin, STREET, 1)])).await;
        let push = Edit { name: "x".into(), area: "371002002".parse().unwrap(), phone: None };
        let pushed = accounts::edit(&mut here, id, push).await;
        assert!(matches!(&pushed, Err(Error::Invalid(wrong)) if wrong[0].field == "area"), "{pushed:?}");
    }

    async fn lists_find_by_name_initials_login_and_phone_in_two_queries(s) {
        let d = district(&s).await;
        for n in 0..7 {
            let login = format!("worker{n}");
            d.clock.advance(std::time::Duration::from_secs(1));
            person(&d, &login, Some(Role::GridWorker)).await;
        }
        let (a, admin, now) = (access(&d), admin(), d.clock.now());
        let db = d.db.metered();
        let find = async |search: Option<&str>, after: Option<String>| {
            let filter = Filter {
                search: search.map(Into::into),
                after: after.map(|c| c.parse().unwrap()),
                size: 3,
                ..Filter::default()
            };
            accounts::list(&mut db.read().await.unwrap(), &a, &admin, &filter, now).await.unwrap()
        };
        let first = find(None, None).await;
        assert_eq!(db.queries(), 2);
        let logins: Vec<_> = first.items.iter().map(|a| a.login.as_str()).collect();
        assert_eq!(logins, ["worker6", "worker5", "worker4"]);
        assert_eq!(first.items[0].phone.as_ref().unwrap().as_str(), "138****8000");
        assert_eq!(first.items[0].serving(now).next().unwrap().post.role, Role::GridWorker);
        assert_eq!(find(None, first.next).await.items[0].login, "worker3");
        for (words, found) in [("王小", 3), ("wxm", 3), ("WORKER2", 1), ("138-0013-8000", 3), ("13800138001", 0), ("%", 0), ("_", 0)] {
            assert_eq!(find(Some(words), None).await.items.len(), found, "{words}");
        }
    }

    async fn a_phone_is_sealed_masked_and_shown_with_a_reason(s) {
        let d = district(&s).await;
        let id = person(&d, "wang.wu", None).await;
        let stored: Vec<u8> = d.db.read().await.unwrap().scalar("SELECT phone FROM account", vec![]).await.unwrap();
        assert!(!stored.windows(5).any(|w| w == b"13800"));
        let mut look = op(&d, admin()).await;
        assert_eq!(key(accounts::reveal_phone(&mut look, id, " 看 ").await), "error-reason-short");
        let shown = accounts::reveal_phone(&mut look, id, "核对值班电话").await.unwrap();
        assert_eq!(shown.as_deref(), Some("13800138000"));
        look.commit().await.unwrap();
        let mut by_officer = op(&d, officer()).await;
        assert_eq!(key(accounts::reveal_phone(&mut by_officer, id, "核对值班电话").await), "error-forbidden");
        let mut conn = d.db.read().await.unwrap();
        let detail: String = conn
            .scalar("SELECT detail FROM activity WHERE action = 'account.read_contact'", vec![])
            .await
            .unwrap();
        assert!(detail.contains("核对值班电话") && !detail.contains("13800138000"), "{detail}");
    }

    async fn an_edit_keeps_the_phone_and_a_disabled_account_is_out(s) {
        let d = district(&s).await;
        let id = person(&d, "wang.wu", None).await;
        let opened = try_log_in(&d, "wang.wu", PASSWORD).await.unwrap();
        let mut by = op(&d, admin()).await;
        let edit = Edit { name: "王大明".into(), area: STREET.parse().unwrap(), phone: None };
        accounts::edit(&mut by, id, edit).await.unwrap();
        assert_eq!(accounts::reveal_phone(&mut by, id, "核对电话").await.unwrap().as_deref(), Some("13800138000"));
        by.commit().await.unwrap();
        assert_eq!(session(&d, &opened.token).await.unwrap().actor.name(), "王大明");

        let mut off = op(&d, admin()).await;
        accounts::set_status(&mut off, id, Status::Disabled).await.unwrap();
        off.commit().await.unwrap();
        assert!(session(&d, &opened.token).await.is_none());
        assert_eq!(key(try_log_in(&d, "wang.wu", PASSWORD).await), "error-login-refused");
        // Enabled again, the old session stays dead.
        let mut on = op(&d, admin()).await;
        accounts::set_status(&mut on, id, Status::Active).await.unwrap();
        on.commit().await.unwrap();
        assert!(session(&d, &opened.token).await.is_none());
        assert!(try_log_in(&d, "wang.wu", PASSWORD).await.is_ok());
    }

    async fn parallel_grants_cannot_break_the_separation(s) {
        let d = district(&s).await;
        let id = person(&d, "wang.wu", None).await;
        let mut tasks = Vec::new();
        for role in [Role::SystemAdmin, Role::SecurityOfficer, Role::Auditor] {
            let d = d.clone();
            tasks.push(tokio::spawn(async move {
                let mut by = op(&d, officer()).await;
                let done = grant(&mut by, id, role, DISTRICT).await;
                if done.is_ok() { by.commit().await.unwrap(); }
                done.is_ok()
            }));
        }
        let mut granted = 0;
        for task in tasks { granted += u32::from(task.await.unwrap()); }
        assert_eq!(granted, 1);
    }
}
