//! Setting up and showing the second factor.

use linli_kernel::{Error, Result};
use linli_store::{Conn, District, Op};
use serde_json::json;

use super::{
    Caller, Factor, Opened, Session,
    app::{entry, proven},
    factor_key, password_key, store,
};
use crate::{
    Access, Purpose,
    accounts::store::{self as accounts, AccountRow},
    factor, throttle, token,
};

/// What the person puts into an app.
#[derive(Debug, Clone)]
pub struct Setup {
    /// For typing by hand.
    pub secret: String,
    /// For the QR code.
    pub uri: String,
}

/// Begins setting up: a fresh secret that counts once a code confirms it. Asking again before that
/// gives another one. The caller commits.
pub async fn begin(op: &mut Op, session: &Session, issuer: &str) -> Result<Setup> {
    let account = accounts::locked(&mut op.tx, session.account).await?;
    if account.factor_at.is_some() {
        return Err(Error::Conflict("error-factor-set"));
    }
    let access = op.district.port::<Access>()?;
    let secret = factor::secret(&op.district.ids);
    let sealed = access.keyring.seal(Purpose::Factor, &AccountRow::factor_place(account.id), &secret)?;
    accounts::set_factor(&mut op.tx, account.id, Some(sealed), None, op.now).await?;
    Ok(Setup { secret: factor::base32(&secret), uri: factor::uri(&secret, issuer, &account.login) })
}

/// What [`begin`] gave last, to show it again after a mistyped code.
pub async fn begun(conn: &mut Conn, district: &District, session: &Session, issuer: &str) -> Result<Setup> {
    let account = accounts::by_id(conn, session.account).await?;
    let sealed = account.factor.filter(|_| account.factor_at.is_none());
    let sealed = sealed.ok_or(Error::Conflict("error-factor-set"))?;
    let access = district.port::<Access>()?;
    let secret = access.keyring.open(Purpose::Factor, &AccountRow::factor_place(account.id), &sealed)?;
    Ok(Setup { secret: factor::base32(&secret), uri: factor::uri(&secret, issuer, &account.login) })
}

/// Confirms the setting up with the password and a first code: the session is raised under a new token, and recovery
/// codes are made, to be shown once. Without the password, whoever holds a session would make the factor their own.
pub async fn confirm(
    caller: &Caller,
    session: &Session,
    password: &str,
    code: &str,
) -> Result<(Opened, Vec<String>)> {
    let access = caller.district.port::<Access>()?;
    let proven = proven(caller, session, "password", password).await?;
    let mut op = counted(caller, session).await?;
    let account = accounts::locked(&mut op.tx, session.account).await?;
    if account.factor_at.is_some() {
        return Err(Error::Conflict("error-factor-set"));
    }
    if account.password != proven.password {
        return Err(Error::Conflict("error-password-changed"));
    }
    throttle::forgive(&mut op.tx, &password_key(account.id)).await?;
    if !by_code(&mut op, &access, &account, code).await? {
        return refuse(op, session).await;
    }
    let codes = factor::recovery_codes(&op.district.ids);
    let hashes =
        codes.iter().map(|code| access.keyring.lookup(Purpose::Factor, code)).collect::<Result<_>>()?;
    accounts::set_factor(&mut op.tx, account.id, account.factor.clone(), Some(op.now), op.now).await?;
    accounts::put_recovery_codes(&mut op.tx, account.id, hashes).await?;
    accounts::end_tokens(&mut op.tx, account.id, op.now).await?;
    let opened = raise(&mut op, session).await?;
    op.log(entry("session.factor_set", account.id, &account.area, json!({}))).await?;
    op.commit().await?;
    Ok((opened, codes))
}

/// Shows the second factor: a code of the app or a recovery code. The session goes on under a new token.
pub async fn verify(caller: &Caller, session: &Session, code: &str) -> Result<Opened> {
    if session.factor != Factor::Due {
        return Err(Error::Conflict("error-factor-not-due"));
    }
    let access = caller.district.port::<Access>()?;
    let mut op = counted(caller, session).await?;
    let account = accounts::locked(&mut op.tx, session.account).await?;
    let shown = account.factor_at.is_some() && by_code(&mut op, &access, &account, code).await?;
    let mut detail = json!({ "session": session.id });
    if !shown {
        let hash = access.keyring.lookup(Purpose::Factor, code)?;
        if !accounts::take_recovery_code(&mut op.tx, account.id, hash, op.now).await? {
            return refuse(op, session).await;
        }
        let left = accounts::recovery_codes_left(&mut op.tx, account.id).await?;
        detail = json!({ "session": session.id, "recovery_codes_left": left });
    }
    let opened = raise(&mut op, session).await?;
    op.log(entry("session.factor", account.id, &account.area, detail)).await?;
    op.commit().await?;
    Ok(opened)
}

/// Begins a use case whose try is counted already, in a transaction of its own: given up, it counts.
async fn counted(caller: &Caller, session: &Session) -> Result<Op> {
    let mut op = caller.op().await?;
    throttle::reserve(&mut op.tx, &factor_key(session.account), throttle::ACCOUNT, op.now).await?;
    op.commit().await?;
    caller.op_of(session).await
}

async fn by_code(op: &mut Op, access: &Access, account: &AccountRow, code: &str) -> Result<bool> {
    let Some(sealed) = &account.factor else { return Ok(false) };
    let secret = access.keyring.open(Purpose::Factor, &AccountRow::factor_place(account.id), sealed)?;
    match factor::step(&secret, code, op.now, account.factor_step)? {
        Some(step) => accounts::take_step(&mut op.tx, account.id, step).await,
        None => Ok(false),
    }
}

async fn refuse<T>(mut op: Op, session: &Session) -> Result<T> {
    op.log(entry("session.factor_refuse", session.account, &session.area, json!({ "session": session.id })))
        .await?;
    op.commit().await?;
    Err(Error::field("code", "error-code-wrong"))
}

async fn raise(op: &mut Op, session: &Session) -> Result<Opened> {
    let token = token::make(&op.district.ids);
    if !store::raise(&mut op.tx, session.id, token::hash(&token)).await? {
        return Err(Error::Unauthorised);
    }
    throttle::forgive(&mut op.tx, &factor_key(session.account)).await?;
    Ok(Opened { token, id: session.id, expires_at: session.expires_at })
}
