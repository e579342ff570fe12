//! `/login/setup`: the second factor is set up, and recovery codes are shown once.

use askama::Template;
use axum::{
    Extension,
    extract::{Form, Query},
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::cookie::CookieJar;
use linli_kernel::{Error, Result};
use linli_web::{Access as Wanted, Chrome, Ctx, Markup, Route, WebResult};
use qrcode::{QrCode, render::svg};
use serde::Deserialize;

use super::{
    cookie,
    identify::caller,
    login::{MaybeSession, Onward, Trouble},
};
use crate::sessions::{self, Factor, Session, Setup};

#[derive(Template)]
#[template(path = "login/setup.html")]
struct SetupPage {
    chrome: Chrome,
    trouble: Trouble,
    secret: String,
    qr: Markup,
    login: String,
    next: String,
}

#[derive(Template)]
#[template(path = "login/codes.html")]
struct CodesPage {
    chrome: Chrome,
    codes: Vec<String>,
    onward: String,
}

/// The secret in groups of four, as one types it.
fn grouped(secret: &str) -> String {
    let chars: Vec<char> = secret.chars().collect();
    chars.chunks(4).map(|c| c.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// A QR code as a picture inside the page.
fn qr(text: &str) -> Result<Markup> {
    let code = QrCode::new(text).map_err(Error::internal)?;
    let svg = code.render::<svg::Color<'_>>().min_dimensions(220, 220).build();
    // The declaration before it belongs to a file, not to a page.
    let start = svg.find("<svg").unwrap_or_default();
    Ok(Markup::trusted(svg[start..].to_owned()))
}

fn page(ctx: &Ctx, session: &Session, setup: &Setup, trouble: Trouble, next: String) -> WebResult {
    let page = SetupPage {
        chrome: ctx.chrome("access-setup"),
        trouble,
        secret: grouped(&setup.secret),
        qr: qr(&setup.uri)?,
        login: session.login.clone(),
        next,
    };
    Ok(page.trouble.answer(ctx.page(&page)?))
}

fn issuer(ctx: &Ctx) -> String {
    format!("{} {}", ctx.locale.t("product-name"), ctx.locale.t("district-name"))
}

/// The session in which the second factor is set up (who need not may want to), else the page to go
/// to instead.
fn to_set_up(session: MaybeSession, next: &str) -> std::result::Result<Session, String> {
    match session {
        None => Err(cookie::with_next("/login", next)),
        Some(Extension(session)) => match session.factor {
            Factor::SetUp | Factor::NotNeeded => Ok(session),
            Factor::Due | Factor::Done => Err(cookie::onward(&session, next)),
        },
    }
}

async fn show(ctx: Ctx, session: MaybeSession, Query(Onward { next }): Query<Onward>) -> WebResult {
    let session = match to_set_up(session, &next) {
        Ok(session) => session,
        Err(elsewhere) => return Ok(Redirect::to(&elsewhere).into_response()),
    };
    let mut op = caller(&ctx).op_of(&session).await?;
    let setup = sessions::begin(&mut op, &session, &issuer(&ctx)).await?;
    op.commit().await?;
    page(&ctx, &session, &setup, Trouble::default(), next)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SetupForm {
    password: String,
    code: String,
    next: String,
}

async fn confirm(ctx: Ctx, jar: CookieJar, session: MaybeSession, Form(form): Form<SetupForm>) -> WebResult {
    let mut session = match to_set_up(session, &form.next) {
        Ok(session) => session,
        Err(elsewhere) => return Ok(Redirect::to(&elsewhere).into_response()),
    };
    match sessions::confirm(&caller(&ctx), &session, &form.password, &form.code).await {
        Ok((opened, codes)) => {
            session.factor = Factor::Done;
            let onward = cookie::onward(&session, &form.next);
            let page = CodesPage { chrome: ctx.chrome("access-codes"), codes, onward };
            Ok((cookie::open(jar, &ctx, &opened), ctx.page(&page)?).into_response())
        }
        Err(error) => {
            let trouble = Trouble::of(error, &ctx.locale)?;
            // The same code as before: the person has scanned it already.
            let setup =
                sessions::begun(&mut ctx.read().await?, &ctx.district, &session, &issuer(&ctx)).await?;
            page(&ctx, &session, &setup, trouble, form.next)
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/login/setup", Wanted::Public, show),
        Route::post("/login/setup", Wanted::Public, confirm),
    ]
}
