//! Coming in and going out.

use std::time::Duration;

use linli_kernel::{
    Actor, AreaCode, Error, Result, Timestamp,
    actor::{AccountId, Post},
};
use linli_store::{Conn, Entry, Op, Tx};
use serde_json::{Value, json};

use linli_web::limit::network;

use super::{
    Caller, Device, Factor, Session, SessionId, TOUCH, device, hours, login_key, password_key, source_key,
    store::{self, Joined, NewSession},
};
use crate::{
    Access, Authorise, Target,
    accounts::{self, Status, store::AccountRow},
    password, throttle, token,
};

/// What somebody typed, and from where.
#[derive(Debug, Clone)]
pub struct Attempt<'a> {
    /// The log-in name.
    pub login: &'a str,
    /// The password.
    pub password: &'a str,
    /// The network address.
    pub source: &'a str,
    /// What the browser calls itself.
    pub device: &'a str,
    /// What [`super::remembered`] gave this device earlier; empty where nothing is kept.
    pub kept: &'a str,
}

/// A session that was just opened or raised.
#[derive(Debug, Clone)]
pub struct Opened {
    /// For the cookie; nobody else ever sees it.
    pub token: String,
    /// The session.
    pub id: SessionId,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

/// One answer for an unknown name, a wrong password and a disabled account.
fn refused() -> Error {
    Error::field("login", "error-login-refused")
}

/// Opens a session for the right password. Every failure answers alike and costs the same work; too many make the
/// name wait at this source or device, and the source. What the session may do is for [`authenticate`] to say.
pub async fn log_in(caller: &Caller, attempt: &Attempt<'_>) -> Result<Opened> {
    let access = caller.district.port::<Access>()?;
    let login = attempt.login.trim().to_ascii_lowercase();
    let (name_key, source_key) = (login_key(&login), source_key(attempt.source));

    let mut op = caller.op().await?;
    let account = accounts::store::by_login(&mut op.tx, &login).await?;
    let known = match &account {
        Some(account) => device::known(&access, attempt.kept, account.id)?,
        None => None,
    };
    let place_key = match known {
        Some(device) => format!("{name_key}:device:{device}"),
        None => format!("{name_key}:{}", network(attempt.source)),
    };
    throttle::reserve(&mut op.tx, &place_key, throttle::ACCOUNT, op.now).await?;
    throttle::reserve(&mut op.tx, &source_key, throttle::SOURCE, op.now).await?;
    if known.is_none() {
        throttle::reserve(&mut op.tx, &name_key, throttle::NAME, op.now).await?;
    }
    op.commit().await?;

    let hash = account.as_ref().and_then(|a| a.password.as_deref());
    let found = access.passwords.verify(attempt.password, hash).await?;
    let rehashed = match &account {
        Some(_) if found.right && found.outdated => {
            Some(access.passwords.hash(attempt.password, &caller.district.ids).await?)
        }
        _ => None,
    };

    let mut op = caller.op().await?;
    // Read again: it may have been disabled, or have got a new password, since the first look.
    let admitted = match &account {
        Some(before) => Some(accounts::store::locked(&mut op.tx, before.id).await?)
            .filter(|now| found.right && now.status == Status::Active && now.password == before.password),
        None => None,
    };
    let Some(admitted) = admitted else {
        // What was typed is not written down: people type passwords into the wrong field.
        let subject_id = account.map_or_else(|| "unknown".to_owned(), |a| a.id.to_string());
        op.log(Entry {
            action: "session.refuse",
            subject: "account",
            subject_id,
            area: caller.district.area.clone(),
            detail: json!({ "source": attempt.source }),
        })
        .await?;
        op.commit().await?;
        return Err(refused());
    };
    let opened = open(&mut op, &access, &admitted, attempt).await?;
    if let Some(hash) = rehashed {
        accounts::store::renew_hash(&mut op.tx, admitted.id, &hash).await?;
    }
    throttle::forgive(&mut op.tx, &place_key).await?;
    throttle::refund(&mut op.tx, &source_key).await?;
    if known.is_none() {
        throttle::refund(&mut op.tx, &name_key).await?;
    }
    op.commit().await?;
    Ok(opened)
}

async fn open(op: &mut Op, access: &Access, account: &AccountRow, attempt: &Attempt<'_>) -> Result<Opened> {
    let posts: Vec<Post> = accounts::history(&mut op.tx, account.id)
        .await?
        .into_iter()
        .filter(|service| service.held(op.now))
        .map(|service| service.post)
        .collect();
    let (idle, life) = spans(access, &posts);
    let opened = Opened {
        token: token::make(&op.district.ids),
        id: SessionId(op.uuid()),
        expires_at: op.now.plus(life),
    };
    let new = NewSession {
        id: opened.id,
        token_hash: token::hash(&opened.token),
        account: account.id,
        device: &cut(attempt.device, 200),
        source: &cut(attempt.source, 64),
        idle,
        expires_at: opened.expires_at,
    };
    store::insert(&mut op.tx, new, op.now).await?;
    accounts::store::logged_in(&mut op.tx, account.id, op.now).await?;
    op.actor = Actor::Account { id: account.id, name: account.name.clone(), posts };
    op.log(entry(
        "session.open",
        account.id,
        &account.area,
        json!({ "session": opened.id, "source": attempt.source }),
    ))
    .await?;
    Ok(opened)
}

/// How long a session with these posts lasts without a request, and in any case.
fn spans(access: &Access, posts: &[Post]) -> (Duration, Duration) {
    let limits = &access.limits;
    if access.policy.needs_factor(posts) {
        (Duration::from_mins(u64::from(limits.strict_idle_minutes)), hours(limits.strict_hours))
    } else {
        (hours(limits.idle_hours), hours(limits.days * 24))
    }
}

fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

pub(super) fn entry(action: &'static str, account: AccountId, area: &AreaCode, detail: Value) -> Entry {
    Entry { action, subject: "account", subject_id: account.to_string(), area: area.clone(), detail }
}

/// The session that `token` opens, with the posts held at `now`, in one query.
pub async fn authenticate(
    conn: &mut Conn,
    access: &Access,
    token: &str,
    now: Timestamp,
) -> Result<Option<Session>> {
    let rows = store::find(conn, token::hash(token), now).await?;
    let post = |row: &Joined| Some(Post { role: row.role?, area: row.post_area.clone()?, org: row.org_id? });
    let posts: Vec<Post> = rows.iter().filter_map(post).collect();
    let Some(first) = rows.into_iter().next() else { return Ok(None) };
    // A post that asks for the second factor may begin while a session lasts that was opened with more time.
    let (idle, life) = spans(access, &posts);
    if first.seen_at.plus(idle) <= now || first.created_at.plus(life) <= now {
        return Ok(None);
    }
    let factor = match (first.factor_done, first.factor_at) {
        (true, _) => Factor::Done,
        (false, Some(_)) if access.limits.second_factor => Factor::Due,
        (false, None) if access.needs_factor(&posts) => Factor::SetUp,
        (false, _) => Factor::NotNeeded,
    };
    Ok(Some(Session {
        id: first.id,
        account: first.account_id,
        actor: Actor::Account { id: first.account_id, name: first.name, posts },
        login: first.login,
        area: first.area,
        factor,
        must_change: first.must_change,
        expires_at: first.expires_at,
        touch_due: first.seen_at.plus(TOUCH) <= now,
    }))
}

/// Notes that the session is in use, for its idle time and the list of devices.
pub async fn touch(caller: &Caller, id: SessionId) -> Result<()> {
    let mut tx = caller.db.begin().await?;
    store::touch(&mut tx, id, caller.district.clock.now()).await?;
    tx.commit().await
}

/// Ends the own session. The caller commits.
pub async fn log_out(op: &mut Op, session: &Session) -> Result<()> {
    if store::revoke(&mut op.tx, session.id, op.now).await? {
        let detail = json!({ "session": session.id });
        op.log(entry("session.close", session.account, &session.area, detail)).await?;
    }
    Ok(())
}

/// The devices on which `account` is logged in: the own ones, or by `account.read`.
pub async fn devices(
    conn: &mut Conn,
    access: &Access,
    actor: &Actor,
    account: AccountId,
    now: Timestamp,
) -> Result<Vec<Device>> {
    if actor.account() != Some(account) {
        let row = accounts::store::by_id(conn, account).await?;
        access.policy.permits(actor, "account.read", &Target::at(&row.area))?;
    }
    store::live(conn, account, now).await
}

/// Ends one session: an own one, or another's by `session.revoke`. The caller commits.
pub async fn revoke(op: &mut Op, id: SessionId) -> Result<()> {
    let owner = store::owner(&mut op.tx, id).await?;
    let account = accounts::store::by_id(&mut op.tx, owner).await?;
    if op.actor.account() != Some(owner) {
        op.permit("session.revoke", &Target::at(&account.area))?;
    }
    if store::revoke(&mut op.tx, id, op.now).await? {
        op.log(entry("session.revoke", owner, &account.area, json!({ "session": id }))).await?;
    }
    Ok(())
}

/// Ends an own session on another device; another person's is not there. The caller commits.
pub async fn revoke_own(op: &mut Op, session: &Session, id: SessionId) -> Result<()> {
    if store::owner(&mut op.tx, id).await? == session.account {
        revoke(op, id).await
    } else {
        Err(Error::NotFound)
    }
}

/// Ends the own sessions on all other devices, and what field apps hold; answers how many sessions. The caller commits.
pub async fn revoke_others(op: &mut Op, session: &Session) -> Result<u64> {
    let ended = store::revoke_all(&mut op.tx, session.account, Some(session.id), op.now).await?;
    accounts::store::end_tokens(&mut op.tx, session.account, op.now).await?;
    op.log(entry("session.revoke", session.account, &session.area, json!({ "others": ended }))).await?;
    Ok(ended)
}

/// The session's account, if `typed` is its present password; otherwise what is wrong at `field`. Wrong tries make the
/// account's sessions wait; whoever goes on forgives them under [`password_key`].
pub(super) async fn proven(
    caller: &Caller,
    session: &Session,
    field: &'static str,
    typed: &str,
) -> Result<AccountRow> {
    let access = caller.district.port::<Access>()?;
    let key = password_key(session.account);
    let mut op = caller.op().await?;
    throttle::reserve(&mut op.tx, &key, throttle::ACCOUNT, op.now).await?;
    let account = accounts::store::by_id(&mut op.tx, session.account).await?;
    op.commit().await?;
    if access.passwords.verify(typed, account.password.as_deref()).await?.right {
        Ok(account)
    } else {
        Err(Error::field(field, "error-password-wrong"))
    }
}

/// Changes the own password, which ends all other sessions. Wrong tries count like failed log-ins.
pub async fn change_password(caller: &Caller, session: &Session, old: &str, new: &str) -> Result<()> {
    let access = caller.district.port::<Access>()?;
    password::check("new", new, &session.login)?;
    if old == new {
        return Err(Error::field("new", "error-password-same"));
    }
    let account = proven(caller, session, "old", old).await?;
    let hash = access.passwords.hash(new, &caller.district.ids).await?;
    let mut op = caller.op_of(session).await?;
    let now = accounts::store::locked(&mut op.tx, session.account).await?;
    if now.password != account.password {
        return Err(Error::Conflict("error-password-changed"));
    }
    accounts::store::set_password(&mut op.tx, account.id, &hash, false, op.now).await?;
    let ended = store::revoke_all(&mut op.tx, account.id, Some(session.id), op.now).await?;
    throttle::forgive(&mut op.tx, &password_key(account.id)).await?;
    op.log(entry("session.password", account.id, &account.area, json!({ "sessions_ended": ended }))).await?;
    op.commit().await
}

/// Sessions are kept half a year after their end, as the rules for logs ask; then a daily job removes them.
const KEEP: Duration = Duration::from_hours(180 * 24);

/// Forgets what is old enough; answers how many rows.
pub async fn sweep(tx: &mut Tx, now: Timestamp) -> Result<u64> {
    Ok(store::forget(tx, now.minus(KEEP)).await? + throttle::sweep(tx, now).await?)
}
