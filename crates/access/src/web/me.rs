//! `/me/security`: the own devices, password, second factor and latest acts.

use askama::Template;
use axum::{
    Extension,
    extract::{Form, Path, Query},
    response::{IntoResponse, Redirect},
};
use linli_kernel::{Error, Timestamp, actor::AccountId, params};
use linli_store::{Conn, worker::Work};
use linli_web::{Access as Wanted, Chrome, Ctx, Route, WebError, WebResult};
use serde::Deserialize;

use super::{
    audit::{Line, line},
    identify::caller,
    login::{MaybeSession, PasswordForm, Trouble},
};
use crate::{
    Access, log, password,
    sessions::{self, Device, Factor, Session, SessionId},
};

/// Since when and until when something counts, looked up.
pub type Standing<'a> = Work<'a, Option<(Timestamp, Timestamp)>>;

/// The token that a field app of an account holds, as another slice knows it: a port that the binary fills. It ends
/// with the other devices.
#[derive(Clone, Copy)]
pub struct FieldToken {
    /// Since when and until when it counts, if there is one that does.
    pub of: for<'a> fn(&'a mut Conn, AccountId, Timestamp) -> Standing<'a>,
    /// Where it is ended.
    pub page: &'static str,
}

#[derive(Template)]
#[template(path = "access/me.html")]
struct MePage {
    chrome: Chrome,
    trouble: Trouble,
    done: Option<String>,
    session: Session,
    devices: Vec<Device>,
    field: Option<Field>,
    factor: bool,
    codes_left: i64,
    lines: Vec<Line>,
    login: String,
    next: String,
    min: usize,
}

struct Field {
    since: Timestamp,
    until: Timestamp,
    page: &'static str,
}

#[derive(Deserialize)]
pub(super) struct Done {
    #[serde(default)]
    pub done: String,
}

/// The sentence after something was done, for the words we know.
pub(super) fn done_words(ctx: &Ctx, done: &str) -> Option<String> {
    let known = done.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && !done.is_empty();
    let key = format!("access-done-{done}");
    known.then(|| ctx.locale.t(&key)).filter(|text| *text != key)
}

fn present(session: MaybeSession) -> Result<Session, WebError> {
    session.map(|Extension(session)| session).ok_or(WebError(Error::Unauthorised))
}

async fn render(ctx: &Ctx, session: Session, trouble: Trouble, done: Option<String>) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    let mut conn = ctx.read().await?;
    let devices = sessions::devices(&mut conn, &access, &ctx.actor, session.account, ctx.now()).await?;
    let field =
        match ctx.district.ports.get::<FieldToken>() {
            Some(port) => (port.of)(&mut conn, session.account, ctx.now())
                .await?
                .map(|(since, until)| Field { since, until, page: port.page }),
            None => None,
        };
    let (factor, codes_left): (bool, i64) = conn
        .one(
            "SELECT a.factor_at IS NOT NULL, (SELECT count(*) FROM recovery_code c WHERE c.account_id = a.id AND c.used_at IS NULL)
             FROM account a WHERE a.id = $1",
            params![session.account],
        )
        .await?;
    let rows = log::own(&mut conn, session.account, 20).await?;
    let page = MePage {
        chrome: ctx.chrome("my-security"),
        done,
        devices,
        field,
        factor: factor || session.factor == Factor::Done,
        codes_left,
        lines: rows.iter().map(|row| line(ctx, &access, row)).collect(),
        login: session.login.clone(),
        next: String::new(),
        min: password::SHORTEST,
        session,
        trouble,
    };
    Ok(page.trouble.answer(ctx.page(&page)?))
}

async fn show(ctx: Ctx, session: MaybeSession, Query(Done { done }): Query<Done>) -> WebResult {
    let done = done_words(&ctx, &done);
    render(&ctx, present(session)?, Trouble::default(), done).await
}

fn back(done: &str) -> axum::response::Response {
    Redirect::to(&format!("/me/security?done={done}")).into_response()
}

async fn change(ctx: Ctx, session: MaybeSession, Form(form): Form<PasswordForm>) -> WebResult {
    let session = present(session)?;
    match form.apply(&ctx, &session).await {
        Ok(()) => Ok(back("password")),
        Err(error) => {
            let trouble = Trouble::of(error, &ctx.locale)?;
            render(&ctx, session, trouble, None).await
        }
    }
}

async fn revoke(ctx: Ctx, session: MaybeSession, Path(id): Path<String>) -> WebResult {
    let session = present(session)?;
    let id: SessionId = id.parse().map_err(|_| WebError(Error::NotFound))?;
    let mut op = caller(&ctx).op_of(&session).await?;
    sessions::revoke_own(&mut op, &session, id).await?;
    op.commit().await?;
    Ok(back("device"))
}

async fn revoke_others(ctx: Ctx, session: MaybeSession) -> WebResult {
    let session = present(session)?;
    let mut op = caller(&ctx).op_of(&session).await?;
    sessions::revoke_others(&mut op, &session).await?;
    op.commit().await?;
    Ok(back("devices"))
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/me/security", Wanted::LoggedIn, show),
        Route::post("/me/security/password", Wanted::LoggedIn, change),
        Route::post("/me/security/devices", Wanted::LoggedIn, revoke_others),
        Route::post("/me/security/devices/{id}", Wanted::LoggedIn, revoke),
    ]
}
