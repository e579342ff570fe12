//! The phone, and the six digits that were sent to it. The pages say the same whether anybody knows the phone.

use askama::Template;
use axum::{
    body::Body,
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use linli_access::Access as AccessPort;
use linli_kernel::{Actor, Error, FieldError, Result, person::mask_phone};
use linli_store::Op;
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult, limit::Purpose};

use super::{Carried, Scanned, carried, cost, fields, first, messages, scanned};
use crate::claims::{self, Proof, ProofId};

#[derive(Template)]
#[template(path = "door/phone.html")]
struct PhonePage {
    chrome: Chrome,
    door: Scanned,
    carried: Carried,
    phone: String,
    problems: Problems,
}

fn phone_page(ctx: &Ctx, door: Scanned, carried: Carried, phone: String, problems: Problems) -> WebResult {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = PhonePage { chrome: ctx.chrome("door-phone-title"), door, carried, phone, problems };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn phone(ctx: Ctx, Path(token): Path<String>, Query(carried): Query<Carried>) -> WebResult {
    let door = scanned!(&ctx, &token);
    phone_page(&ctx, door, carried, String::new(), Problems::none())
}

/// Also somebody of our own staff is nobody here.
pub(in crate::web) async fn public(ctx: &Ctx) -> Result<Op> {
    Op::begin(ctx.district.clone(), &ctx.db, Actor::Public, ctx.request.clone()).await
}

/// Owes a message to a phone, and counts what that costs the address.
pub(in crate::web) async fn ask(ctx: &Ctx, code: Option<&crate::code::Code>, phone: &str) -> Result<ProofId> {
    if !messages(ctx) && !ctx.app.development() {
        return Err(Error::field("phone", "door-no-messages"));
    }
    let mut op = public(ctx).await?;
    let asked = claims::ask(&mut op, code, phone).await?;
    let cost = if asked.first { cost::NEW_PHONE } else { cost::KNOWN_PHONE };
    ctx.app.limits().spend(Purpose::Door, &ctx.source, cost)?;
    op.commit().await?;
    Ok(asked.id)
}

async fn send(ctx: Ctx, Path(token): Path<String>, body: Body) -> WebResult {
    let door = scanned!(&ctx, &token);
    let fields = fields(body).await?;
    let (carried, phone) = (carried(&fields), first(&fields, "phone").to_owned());
    match ask(&ctx, Some(&door.code), &phone).await {
        Ok(id) => {
            let query = carried.query();
            let joint = if query.is_empty() { "?" } else { "&" };
            Ok(Redirect::to(&format!("/d/{}/digits{query}{joint}p={id}", door.token)).into_response())
        }
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            phone_page(&ctx, door, carried, phone, problems)
        }
    }
}

#[derive(Template)]
#[template(path = "door/digits.html")]
struct DigitsPage {
    chrome: Chrome,
    action: String,
    back: String,
    carried: Carried,
    /// The digits themselves, in a demonstration that sends no messages.
    shown: Option<String>,
    problems: Problems,
}

/// The digits of a demonstration.
pub(in crate::web) async fn shown(ctx: &Ctx, id: ProofId) -> Result<Option<String>> {
    if messages(ctx) || !ctx.app.development() {
        return Ok(None);
    }
    let access = ctx.district.port::<AccessPort>()?;
    Ok(claims::digits_of(&mut ctx.read().await?, &access, id).await.ok())
}

async fn digits_page(ctx: &Ctx, token: &str, carried: Carried, problems: Problems) -> WebResult {
    let id: ProofId = carried.p.parse().map_err(|_| Error::NotFound)?;
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = DigitsPage {
        chrome: ctx.chrome("door-digits-title"),
        action: format!("/d/{token}/digits"),
        back: format!("/d/{token}/phone{}", carried.query()),
        shown: shown(ctx, id).await?,
        carried,
        problems,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn digits(ctx: Ctx, Path(token): Path<String>, Query(carried): Query<Carried>) -> WebResult {
    let door = scanned!(&ctx, &token);
    digits_page(&ctx, &door.token, carried, Problems::none()).await
}

/// Checks digits; answers the cookie to keep, or what is wrong. A wrong try is counted before it is answered.
pub(in crate::web) async fn check(
    ctx: &Ctx,
    id: ProofId,
    typed: &str,
    name: &str,
) -> Result<Cookie<'static>> {
    let mut op = public(ctx).await?;
    let proof = claims::prove(&mut op, id, typed, name).await?;
    op.commit().await?;
    match proof {
        Proof::Right(token) => Ok(Cookie::build((claims::SESSION, token))
            .path("/")
            .same_site(SameSite::Lax)
            .http_only(true)
            .secure(ctx.origin.starts_with("https:"))
            .build()),
        Proof::Wrong(left) => {
            ctx.app.limits().spend(Purpose::Door, &ctx.source, cost::WRONG_DIGITS)?;
            Err(Error::Invalid(vec![FieldError::new("digits", "door-digits-wrong").with("left", left)]))
        }
        Proof::Over => {
            ctx.app.limits().spend(Purpose::Door, &ctx.source, cost::WRONG_DIGITS)?;
            Err(Error::field("digits", "door-digits-over"))
        }
    }
}

async fn prove(ctx: Ctx, jar: CookieJar, Path(token): Path<String>, body: Body) -> WebResult {
    let door = scanned!(&ctx, &token);
    let fields = fields(body).await?;
    let carried = carried(&fields);
    let id: ProofId = carried.p.parse().map_err(|_| Error::NotFound)?;
    match check(&ctx, id, first(&fields, "digits"), first(&fields, "owner")).await {
        Ok(cookie) => {
            let next = if carried.next == "same" { "same" } else { "fill" };
            let onward = Carried { next: String::new(), ..carried };
            Ok((jar.add(cookie), Redirect::to(&format!("/d/{}/{next}{}", door.token, onward.query())))
                .into_response())
        }
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            digits_page(&ctx, &door.token, carried, problems).await
        }
    }
}

/// `138****5678`, for pages of who has proven it.
pub(in crate::web) fn masked(phone: &str) -> String {
    mask_phone(phone)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/d/{token}/phone", Access::Public, phone),
        Route::post("/d/{token}/phone", Access::Public, send),
        Route::get("/d/{token}/digits", Access::Public, digits),
        Route::post("/d/{token}/digits", Access::Public, prove),
    ]
}
