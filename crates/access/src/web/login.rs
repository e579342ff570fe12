//! `/login`, `/login/code`, `/login/password`, `/logout`: each shows its form again with what is wrong.

use askama::Template;
use axum::{
    Extension,
    extract::{Form, Query},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::cookie::CookieJar;
use linli_kernel::Error;
use linli_web::{
    Access as Wanted, Chrome, Ctx, Locale, Problems, Route, WebError, WebResult, limit::Purpose,
};
use serde::Deserialize;

use super::{cookie, identify::caller};
use crate::{
    Access, password,
    sessions::{self, Attempt, Factor, Session},
};

#[derive(Deserialize)]
pub(super) struct Onward {
    #[serde(default)]
    pub next: String,
}

pub(super) type MaybeSession = Option<Extension<Session>>;

/// What went wrong with a form: at its fields, or a wait before anything is tried again.
#[derive(Default)]
pub(super) struct Trouble {
    pub problems: Problems,
    pub wait: Option<String>,
    seconds: u64,
}

impl Trouble {
    pub(super) fn of(error: Error, locale: &Locale) -> Result<Self, WebError> {
        if let Error::TooMany(seconds) = error {
            let wait = Some(waiting(locale, seconds));
            return Ok(Self { wait, seconds, ..Self::default() });
        }
        Ok(Self { problems: Problems::of(error, locale)?, ..Self::default() })
    }

    pub(super) fn answer(&self, page: impl IntoResponse) -> Response {
        if self.seconds > 0 {
            let after = [(header::RETRY_AFTER, self.seconds.to_string())];
            return (StatusCode::TOO_MANY_REQUESTS, after, page).into_response();
        }
        let wrong = !self.problems.is_empty();
        let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        (status, page).into_response()
    }
}

/// The wait in words: minutes from a minute on.
fn waiting(locale: &Locale, seconds: u64) -> String {
    if seconds > 90 {
        locale.t_with("access-wait-minutes", &[("n", seconds.div_ceil(60).to_string())])
    } else {
        locale.t_with("access-wait-seconds", &[("n", seconds.to_string())])
    }
}

#[derive(Template)]
#[template(path = "login/login.html")]
struct LoginPage {
    chrome: Chrome,
    trouble: Trouble,
    login: String,
    next: String,
}

async fn show(ctx: Ctx, session: MaybeSession, Query(Onward { next }): Query<Onward>) -> WebResult {
    // Somebody who is in already has nothing to do here; who is half in may start again.
    if let Some(Extension(session)) = session
        && session.ready()
    {
        return Ok(Redirect::to(&cookie::onward(&session, &next)).into_response());
    }
    let page = LoginPage {
        chrome: ctx.chrome("access-login"),
        trouble: Trouble::default(),
        login: String::new(),
        next,
    };
    Ok(ctx.page(&page)?.into_response())
}

#[derive(Deserialize)]
struct LoginForm {
    #[serde(default)]
    login: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

async fn log_in(ctx: Ctx, jar: CookieJar, headers: HeaderMap, Form(form): Form<LoginForm>) -> WebResult {
    match try_log_in(&ctx, jar, &headers, &form).await {
        Ok(done) => Ok(done),
        Err(error) => {
            let trouble = Trouble::of(error, &ctx.locale)?;
            let page =
                LoginPage { chrome: ctx.chrome("access-login"), trouble, login: form.login, next: form.next };
            Ok(page.trouble.answer(ctx.page(&page)?))
        }
    }
}

async fn try_log_in(
    ctx: &Ctx,
    jar: CookieJar,
    headers: &HeaderMap,
    form: &LoginForm,
) -> linli_kernel::Result<Response> {
    ctx.app.limits().check(Purpose::LogIn, &ctx.source)?;
    let device = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kept = cookie::kept(&jar);
    let (login, password, source) = (&form.login, &form.password, &ctx.source);
    let attempt = Attempt { login, password, source, device, kept: &kept };
    let opened = sessions::log_in(&caller(ctx), &attempt).await?;
    let access = ctx.district.port::<Access>()?;
    let session = sessions::authenticate(&mut ctx.read().await?, &access, &opened.token, ctx.now()).await?;
    let session = session.ok_or(Error::Unauthorised)?;
    let to = Redirect::to(&cookie::onward(&session, &form.next));
    let jar = cookie::keep(jar, ctx, &session)?;
    Ok((cookie::open(jar, ctx, &opened), to).into_response())
}

#[derive(Template)]
#[template(path = "login/code.html")]
struct CodePage {
    chrome: Chrome,
    trouble: Trouble,
    next: String,
}

async fn show_code(ctx: Ctx, session: MaybeSession, Query(Onward { next }): Query<Onward>) -> WebResult {
    match session {
        None => Ok(Redirect::to(&cookie::with_next("/login", &next)).into_response()),
        Some(Extension(session)) if session.factor != Factor::Due => {
            Ok(Redirect::to(&cookie::onward(&session, &next)).into_response())
        }
        Some(_) => {
            let page = CodePage { chrome: ctx.chrome("access-code"), trouble: Trouble::default(), next };
            Ok(ctx.page(&page)?.into_response())
        }
    }
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    #[serde(default)]
    pub code: String,
    #[serde(default)]
    pub next: String,
}

async fn verify(ctx: Ctx, jar: CookieJar, session: MaybeSession, Form(form): Form<CodeForm>) -> WebResult {
    let Some(Extension(mut session)) = session else {
        return Ok(Redirect::to(&cookie::with_next("/login", &form.next)).into_response());
    };
    match sessions::verify(&caller(&ctx), &session, &form.code).await {
        Ok(opened) => {
            session.factor = Factor::Done;
            let to = Redirect::to(&cookie::onward(&session, &form.next));
            Ok((cookie::open(jar, &ctx, &opened), to).into_response())
        }
        Err(Error::Conflict("error-factor-not-due")) => {
            Ok(Redirect::to(&cookie::onward(&session, &form.next)).into_response())
        }
        Err(error) => {
            let trouble = Trouble::of(error, &ctx.locale)?;
            let page = CodePage { chrome: ctx.chrome("access-code"), trouble, next: form.next };
            Ok(page.trouble.answer(ctx.page(&page)?))
        }
    }
}

#[derive(Template)]
#[template(path = "login/password.html")]
struct PasswordPage {
    chrome: Chrome,
    trouble: Trouble,
    login: String,
    next: String,
    min: usize,
}

impl PasswordPage {
    fn new(ctx: &Ctx, session: &Session, trouble: Trouble, next: String) -> Self {
        let (chrome, login) = (ctx.chrome("access-password"), session.login.clone());
        Self { chrome, trouble, login, next, min: password::SHORTEST }
    }
}

/// The session in which a password may be changed: the second factor comes first.
/// Otherwise the page to go to instead.
fn past_factor(session: MaybeSession, next: &str) -> Result<Session, String> {
    match session {
        None => Err(cookie::with_next("/login", next)),
        Some(Extension(session)) => match session.factor {
            Factor::Done | Factor::NotNeeded => Ok(session),
            Factor::Due | Factor::SetUp => Err(cookie::onward(&session, next)),
        },
    }
}

async fn show_password(ctx: Ctx, session: MaybeSession, Query(Onward { next }): Query<Onward>) -> WebResult {
    let session = match past_factor(session, &next) {
        Ok(session) => session,
        Err(elsewhere) => return Ok(Redirect::to(&elsewhere).into_response()),
    };
    let page = PasswordPage::new(&ctx, &session, Trouble::default(), next);
    Ok(ctx.page(&page)?.into_response())
}

#[derive(Deserialize)]
pub(super) struct PasswordForm {
    #[serde(default)]
    old: String,
    #[serde(default)]
    new: String,
    #[serde(default)]
    again: String,
    #[serde(default)]
    next: String,
}

impl PasswordForm {
    /// Changes the password of this session's account.
    pub(super) async fn apply(&self, ctx: &Ctx, session: &Session) -> linli_kernel::Result<()> {
        if self.new != self.again {
            return Err(Error::field("again", "error-password-again"));
        }
        sessions::change_password(&caller(ctx), session, &self.old, &self.new).await
    }
}

async fn change(ctx: Ctx, session: MaybeSession, Form(form): Form<PasswordForm>) -> WebResult {
    let mut session = match past_factor(session, &form.next) {
        Ok(session) => session,
        Err(elsewhere) => return Ok(Redirect::to(&elsewhere).into_response()),
    };
    match form.apply(&ctx, &session).await {
        Ok(()) => {
            session.must_change = false;
            Ok(Redirect::to(&cookie::onward(&session, &form.next)).into_response())
        }
        Err(error) => {
            let trouble = Trouble::of(error, &ctx.locale)?;
            let page = PasswordPage::new(&ctx, &session, trouble, form.next);
            Ok(page.trouble.answer(ctx.page(&page)?))
        }
    }
}

async fn log_out(ctx: Ctx, jar: CookieJar, session: MaybeSession) -> WebResult {
    if let Some(Extension(session)) = session {
        let mut op = caller(&ctx).op_of(&session).await?;
        sessions::log_out(&mut op, &session).await?;
        op.commit().await?;
    }
    Ok((cookie::close(jar, &ctx), Redirect::to("/login")).into_response())
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/login", Wanted::Public, show),
        Route::post("/login", Wanted::Public, log_in),
        Route::get("/login/code", Wanted::Public, show_code),
        Route::post("/login/code", Wanted::Public, verify),
        Route::get("/login/password", Wanted::Public, show_password),
        Route::post("/login/password", Wanted::Public, change),
        Route::post("/logout", Wanted::Public, log_out),
    ]
}
