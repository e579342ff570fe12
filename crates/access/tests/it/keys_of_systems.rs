//! API keys.

use linli_access::{
    Target,
    api_keys::{self, NewApiKey},
};
use linli_kernel::{Error, Timestamp};
use linli_testkit::both_engines;

use crate::{STREET, access, admin, district, key, log, officer, op};

fn new(scopes: &[&str], expires_at: Timestamp) -> NewApiKey {
    NewApiKey {
        name: "12345平台".into(),
        scopes: scopes.iter().map(|&s| s.into()).collect(),
        area: STREET.parse().unwrap(),
        expires_at,
    }
}

both_engines! {
    async fn a_key_counts_for_its_actions_its_area_and_its_time(s) {
        let d = district(&s).await;
        let now = d.clock.now();
        let day = std::time::Duration::from_hours(24);
        let mut by = op(&d, officer()).await;
        let (id, text) = api_keys::create(&mut by, new(&["hotline.push", "case.read"], now.plus(day))).await.unwrap();
        by.commit().await.unwrap();
        assert!(text.starts_with("lk_"));

        let db = d.db.metered();
        let find = async |text: &str, at: Timestamp| {
            api_keys::authenticate(&mut db.read().await.unwrap(), text, at).await.unwrap()
        };
        let client = find(&text, now).await.unwrap();
        assert_eq!(db.queries(), 1);
        assert!(client.touch_due);
        let policy = &access(&d).policy;
        let (inside, outside) = ("371002001001".parse().unwrap(), "371002002001".parse().unwrap());
        let may = |action: &str, area| policy.permits(&client.actor, action, &Target::at(area));
        may("hotline.push", &inside).unwrap();
        assert!(matches!(may("hotline.push", &outside), Err(Error::NotFound)));
        assert!(matches!(may("case.read", &outside), Err(Error::NotFound)));
        assert_eq!(key(may("case.report", &inside)), "error-forbidden");
        assert_eq!(key(may("case.dispatch", &inside)), "error-forbidden");

        api_keys::touch(&d.db, id, now).await.unwrap();
        assert!(!find(&text, now).await.unwrap().touch_due);
        assert!(find(&text, now.plus(day)).await.is_none());
        assert!(find(&text[..text.len() - 1], now).await.is_none());
        assert!(find("", now).await.is_none());

        let mut end = op(&d, officer()).await;
        api_keys::revoke(&mut end, id).await.unwrap();
        end.commit().await.unwrap();
        assert!(find(&text, now).await.is_none());
        let stored: Vec<u8> = d.db.read().await.unwrap().scalar("SELECT hash FROM api_key", vec![]).await.unwrap();
        assert_eq!(stored.len(), 32);
        assert_eq!(log(&d).await, ["api_key.create", "api_key.revoke"]);
    }

    async fn a_key_never_gets_what_only_people_may(s) {
        let d = district(&s).await;
        let soon = d.clock.now().plus(std::time::Duration::from_hours(1));
        let mut by = op(&d, officer()).await;
        for scopes in [&["role.grant"][..], &["case.dispatch"], &["case.read_contact"], &["no.such"]] {
            assert_eq!(key(api_keys::create(&mut by, new(scopes, soon)).await), "error-scope", "{scopes:?}");
        }
        assert_eq!(key(api_keys::create(&mut by, new(&[], soon)).await), "error-required");
        assert_eq!(key(api_keys::create(&mut by, new(&["case.read"], by_now(&d))).await), "error-expiry");
        let too_long = d.clock.now().plus(api_keys::LONGEST + std::time::Duration::from_secs(1));
        assert_eq!(key(api_keys::create(&mut by, new(&["case.read"], too_long)).await), "error-expiry");
        drop(by);
        let mut by_admin = op(&d, admin()).await;
        assert_eq!(key(api_keys::create(&mut by_admin, new(&["case.read"], soon)).await), "error-forbidden");
        let mut conn = d.db.read().await.unwrap();
        assert_eq!(key(api_keys::list(&mut conn, &access(&d), &admin(), None, 10).await), "error-forbidden");
    }

    async fn the_list_shows_what_is_managed(s) {
        let d = district(&s).await;
        let soon = d.clock.now().plus(std::time::Duration::from_hours(1));
        let mut by = op(&d, officer()).await;
        api_keys::create(&mut by, new(&["case.read"], soon)).await.unwrap();
        by.commit().await.unwrap();
        let mut conn = d.db.read().await.unwrap();
        let page = api_keys::list(&mut conn, &access(&d), &officer(), None, 10).await.unwrap();
        assert_eq!((page.items.len(), page.items[0].scopes.clone()), (1, vec!["case.read".to_owned()]));
        let elsewhere = crate::actor("o", 3, &[(linli_kernel::Role::SecurityOfficer, "371002002", 1)]);
        assert!(api_keys::list(&mut conn, &access(&d), &elsewhere, None, 10).await.unwrap().items.is_empty());
    }
}

fn by_now(d: &linli_store::District) -> Timestamp {
    d.clock.now()
}
