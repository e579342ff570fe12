//! Finding one's case again without the link: by its number and the whole phone number. Its last digits are on every
//! handler's screen and prove nothing.

use askama::Template;
use axum::{
    Form,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::cookie::CookieJar;
use linli_access::{Access as AccessPort, Purpose as Sealed};
use linli_kernel::{Error, Result, params, person::parse_phone};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult, limit::Purpose};
use serde::Deserialize;

use super::memory;
use crate::{
    app::{token_hash, tracking_token},
    model::{CaseId, CaseNumber},
};

#[derive(Template)]
#[template(path = "resident/find.html")]
struct Find {
    chrome: Chrome,
    typed: Typed,
    problems: Problems,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Typed {
    number: String,
    phone: String,
}

fn page(ctx: &Ctx, typed: Typed, problems: Problems) -> WebResult {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Find { chrome: ctx.chrome("resident-find-title"), typed, problems };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn ask(ctx: Ctx) -> WebResult {
    page(&ctx, Typed::default(), Problems::none())
}

/// The secret of a lost link: of the case with this number, if its reporter left this phone and is not hidden. Every
/// wrong answer is the same and takes the same work, so that nobody learns which numbers exist, or who reported.
pub(in crate::web) async fn link(ctx: &Ctx, number: &str, phone: &str) -> Result<String> {
    let wrong = || Error::field("number", "resident-error-not-found");
    let number: CaseNumber = number.trim().parse().map_err(|_| wrong())?;
    let phone = parse_phone(phone).ok_or_else(|| Error::field("phone", "resident-error-phone"))?;
    let limits = ctx.app.limits();
    limits.perhaps_wrong(&ctx.source)?;
    // Six hidden digits are soon tried: a number takes few guesses, wherever they come from.
    limits.check(Purpose::Guess, &format!("{}/{number}", ctx.district.name))?;
    let access = ctx.district.port::<AccessPort>()?;
    let hash = access.keyring.lookup(Sealed::Reporter, &phone)?;
    let found: Option<(CaseId, Vec<u8>)> = ctx
        .read()
        .await?
        .optional(
            "SELECT id, token_hash FROM case_file WHERE number = $1 AND phone_hash = $2 AND hidden = $3 AND anonymous = $3",
            params![number.to_string(), hash, false],
        )
        .await?;
    let (id, kept) = found.ok_or_else(wrong)?;
    let token = tracking_token(&access, id)?;
    // Cases that came by file once got a secret that nobody knows.
    if token_hash(&token) != kept {
        return Err(wrong());
    }
    limits.was_right(&ctx.source);
    Ok(token)
}

async fn find(ctx: Ctx, jar: CookieJar, Form(typed): Form<Typed>) -> WebResult {
    ctx.app.limits().check(Purpose::Track, &ctx.source)?;
    match link(&ctx, &typed.number, &typed.phone).await {
        Ok(token) => {
            Ok((memory::keep_mine(&ctx, jar, &token), Redirect::to(&format!("/t/{token}"))).into_response())
        }
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            page(&ctx, typed, problems)
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/track", Access::Public, ask), Route::post("/track", Access::Public, find)]
}
