//! The session's cookie, and where a session goes next.

use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use linli_kernel::{Actor, Role};
use linli_web::{Ctx, prefs};

use super::identify::COOKIE;
use crate::{
    Access,
    sessions::{self, Factor, Opened, Session},
};

/// What a device keeps of who logged in on it.
const DEVICE: &str = "linli_device";
/// As long as browsers keep anything.
const KEPT: i64 = 400 * 24 * 60 * 60;

/// What this device keeps of earlier log-ins; empty where it is new.
pub(super) fn kept(jar: &CookieJar) -> String {
    jar.get(DEVICE).map(|cookie| cookie.value().to_owned()).unwrap_or_default()
}

/// Lets the device keep that this session's account has logged in on it.
pub(super) fn keep(jar: CookieJar, ctx: &Ctx, session: &Session) -> linli_kernel::Result<CookieJar> {
    let access = ctx.district.port::<Access>()?;
    let value = sessions::remembered(&access, &ctx.district.ids, &kept(&jar), session.account)?;
    Ok(jar.add(cookie(ctx, DEVICE, "/login", value, KEPT)))
}

/// Gives the browser a session.
pub(super) fn open(jar: CookieJar, ctx: &Ctx, opened: &Opened) -> CookieJar {
    let seconds = (opened.expires_at.millis_since(ctx.now()) / 1000).max(0);
    jar.add(cookie(ctx, COOKIE, "/", opened.token.clone(), seconds))
}

/// Takes it back.
pub(super) fn close(jar: CookieJar, ctx: &Ctx) -> CookieJar {
    jar.add(cookie(ctx, COOKIE, "/", String::new(), 0))
}

fn cookie(ctx: &Ctx, name: &'static str, path: &'static str, value: String, seconds: i64) -> Cookie<'static> {
    let mut cookie = Cookie::build((name, value))
        .path(path)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(ctx.origin.starts_with("https:"))
        .build();
    cookie.set_max_age(std::time::Duration::from_secs(seconds.unsigned_abs()).try_into().ok());
    cookie
}

/// Where somebody's work begins.
pub(super) fn home(actor: &Actor) -> &'static str {
    let is = |role| actor.is(role);
    match () {
        () if is(Role::SystemAdmin) || is(Role::SecurityOfficer) => "/admin",
        () if is(Role::Auditor) => "/audit",
        () if is(Role::GridWorker) => "/work",
        () if actor.posts().is_empty() => "/me/security",
        () => "/desk",
    }
}

/// The next page of this session: what is still to be shown or changed, else where the person wanted
/// to go, else the own home.
pub(super) fn onward(session: &Session, next: &str) -> String {
    let step = match session.factor {
        Factor::Due => "/login/code",
        Factor::SetUp => "/login/setup",
        Factor::Done | Factor::NotNeeded if session.must_change => "/login/password",
        Factor::Done | Factor::NotNeeded => {
            let wanted = prefs::local(Some(next));
            // The front page is for residents; who comes from there wants to work.
            return if wanted == "/" { home(&session.actor).to_owned() } else { wanted };
        }
    };
    with_next(step, next)
}

/// `path` that remembers where the person wants to go.
pub(super) fn with_next(path: &str, next: &str) -> String {
    match prefs::local(Some(next)).as_str() {
        "/" => path.to_owned(),
        next => format!("{path}?next={}", linli_kernel::percent(next, b"/")),
    }
}

#[cfg(test)]
mod tests {
    use linli_kernel::actor::{AccountId, OrgId, Post};
    use linli_kernel::{Ids, Timestamp};

    use super::*;
    use crate::sessions::SessionId;

    fn session(role: Option<Role>, factor: Factor, must_change: bool) -> Session {
        let (ids, now) = (Ids::seeded(1), Timestamp::from_millis(0));
        let account = AccountId::new(&ids, now);
        let post = |role| Post { role, area: "371002".parse().unwrap(), org: OrgId::new(&ids, now) };
        let posts = role.map(post).into_iter().collect();
        Session {
            id: SessionId::new(&ids, now),
            account,
            actor: Actor::Account { id: account, name: "王小明".into(), posts },
            login: "wang".into(),
            area: "371002".parse().unwrap(),
            factor,
            must_change,
            expires_at: now,
            touch_due: false,
        }
    }

    #[test]
    fn first_what_is_due_then_where_one_wanted_to_go() {
        let to = |role, factor, must, next| onward(&session(role, factor, must), next);
        assert_eq!(to(None, Factor::Due, true, "/desk/cases?a=b"), "/login/code?next=/desk/cases%3Fa%3Db");
        assert_eq!(to(None, Factor::SetUp, false, ""), "/login/setup");
        assert_eq!(to(None, Factor::Done, true, "//evil.example"), "/login/password");
        assert_eq!(to(Some(Role::Department), Factor::Done, false, "/desk/cases?a=b"), "/desk/cases?a=b");
        assert_eq!(to(Some(Role::Department), Factor::NotNeeded, false, "//evil.example"), "/desk");
        for (role, home) in [
            (Role::GridWorker, "/work"),
            (Role::SystemAdmin, "/admin"),
            (Role::SecurityOfficer, "/admin"),
            (Role::Auditor, "/audit"),
            (Role::CommunitySecretary, "/desk"),
        ] {
            assert_eq!(to(Some(role), Factor::Done, false, "/"), home);
        }
        assert_eq!(to(None, Factor::Done, false, ""), "/me/security");
    }
}
