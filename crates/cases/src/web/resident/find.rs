//! Finding one's case again without the link: by its number and the last four digits of the phone.

use askama::Template;
use axum::{
    Form,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::cookie::CookieJar;
use linli_access::{Access as AccessPort, Purpose as Sealed};
use linli_kernel::{Error, FieldError, Result, params};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult, limit::Purpose};
use serde::Deserialize;

use super::memory;
use crate::{
    app::{contact_place, tracking_token},
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
    tail: String,
}

fn page(ctx: &Ctx, typed: Typed, problems: Problems) -> WebResult {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Find { chrome: ctx.chrome("resident-find-title"), typed, problems };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn ask(ctx: Ctx) -> WebResult {
    page(&ctx, Typed::default(), Problems::none())
}

/// The secret link of the case with this number, if its reporter's phone ends in these digits. Every
/// wrong answer is the same, so that nobody learns which numbers exist.
/// The secret of a lost link. Each guess is counted.
pub(in crate::web) async fn link(ctx: &Ctx, number: &str, tail: &str) -> Result<String> {
    let wrong = || Error::Invalid(vec![FieldError::new("number", "resident-error-not-found")]);
    let number: CaseNumber = number.trim().parse().map_err(|_| wrong())?;
    let tail: String = tail.chars().filter(char::is_ascii_digit).collect();
    if tail.len() != 4 {
        return Err(Error::field("tail", "resident-error-tail"));
    }
    // Ten thousand tails are soon tried: a number takes few guesses, wherever they come from.
    let thing = format!("{}/{number}", ctx.district.name);
    ctx.app.limits().check(Purpose::Guess, &thing)?;
    let found: Option<(CaseId, Option<Vec<u8>>)> = ctx
        .read()
        .await?
        .optional("SELECT id, reporter_phone FROM case_file WHERE number = $1", params![number.to_string()])
        .await?;
    let (id, sealed) = found.ok_or_else(wrong)?;
    let access = ctx.district.port::<AccessPort>()?;
    let phone = access.keyring.open_text(Sealed::Reporter, &contact_place(id, "phone"), sealed.as_deref())?;
    if phone.is_some_and(|phone| phone.ends_with(&tail)) { tracking_token(&access, id) } else { Err(wrong()) }
}

async fn find(ctx: Ctx, jar: CookieJar, Form(typed): Form<Typed>) -> WebResult {
    ctx.app.limits().check(Purpose::Track, &ctx.source)?;
    match link(&ctx, &typed.number, &typed.tail).await {
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
