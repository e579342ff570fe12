//! The way in and out of `/my`: a phone, the digits that were sent to it, and leaving.

use askama::Template;
use axum::{
    body::Body,
    extract::Query,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::cookie::{Cookie, CookieJar};
use linli_kernel::Error;
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult, limit::Purpose};

use super::super::door::{
    Carried, carried, cost,
    digits::{ask, check, public, shown},
    fields, first,
};
use crate::{
    claims::{self, ProofId},
    mine,
};

#[derive(Template)]
#[template(path = "mine/phone.html")]
struct PhonePage {
    chrome: Chrome,
    phone: String,
    problems: Problems,
}

#[derive(Template)]
#[template(path = "door/digits.html")]
struct DigitsPage {
    chrome: Chrome,
    action: String,
    back: String,
    carried: Carried,
    shown: Option<String>,
    problems: Problems,
}

pub(super) fn phone_page(ctx: &Ctx, phone: String, problems: Problems) -> WebResult {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = PhonePage { chrome: ctx.chrome("mine-title"), phone, problems };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn send(ctx: Ctx, body: Body) -> WebResult {
    let fields = fields(body).await?;
    let phone = first(&fields, "phone").to_owned();
    match ask(&ctx, None, &phone).await {
        Ok(id) => Ok(Redirect::to(&format!("/my/digits?p={id}")).into_response()),
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            phone_page(&ctx, phone, problems)
        }
    }
}

async fn digits_page(ctx: &Ctx, carried: Carried, problems: Problems) -> WebResult {
    let id: ProofId = carried.p.parse().map_err(|_| Error::NotFound)?;
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = DigitsPage {
        chrome: ctx.chrome("door-digits-title"),
        action: "/my/digits".into(),
        back: "/my".into(),
        shown: shown(ctx, id).await?,
        carried,
        problems,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn digits(ctx: Ctx, Query(carried): Query<Carried>) -> WebResult {
    ctx.app.limits().spend(Purpose::Door, &ctx.source, cost::PAGE)?;
    digits_page(&ctx, carried, Problems::none()).await
}

async fn prove(ctx: Ctx, jar: CookieJar, body: Body) -> WebResult {
    ctx.app.limits().spend(Purpose::Door, &ctx.source, cost::PAGE)?;
    let fields = fields(body).await?;
    let carried = carried(&fields);
    let id: ProofId = carried.p.parse().map_err(|_| Error::NotFound)?;
    match check(&ctx, id, first(&fields, "digits"), first(&fields, "owner")).await {
        Ok(cookie) => Ok((jar.add(cookie), Redirect::to("/my")).into_response()),
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            digits_page(&ctx, carried, problems).await
        }
    }
}

async fn leave(ctx: Ctx, jar: CookieJar) -> WebResult {
    if let Some(token) = jar.get(claims::SESSION).map(|c| c.value().to_owned()) {
        let mut op = public(&ctx).await?;
        mine::leave(&mut op, &token).await?;
        op.commit().await?;
    }
    let gone = Cookie::build(claims::SESSION).path("/").build();
    Ok((jar.remove(gone), Redirect::to("/")).into_response())
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/my/phone", Access::Public, send),
        Route::get("/my/digits", Access::Public, digits),
        Route::post("/my/digits", Access::Public, prove),
        Route::post("/my/leave", Access::Public, leave),
    ]
}
