//! The receipt: a number to say, a link to keep, and what happens next.

use askama::Template;
use axum::{extract::Query, response::IntoResponse};
use linli_grid::AtlasPort;
use linli_web::{Access, Chrome, Ctx, Markup, Route, WebResult, limit::Purpose, qr};
use serde::Deserialize;

use super::card::Card;
use crate::read::{self, PublicCase};

#[derive(Deserialize)]
struct Which {
    t: String,
}

#[derive(Template)]
#[template(path = "resident/done.html")]
struct Done {
    chrome: Chrome,
    case: PublicCase,
    token: String,
    /// The link in full, to copy.
    link: String,
    qr: Markup,
    /// Who looks first.
    lead: String,
    card: Option<Card>,
}

async fn done(ctx: Ctx, Query(which): Query<Which>) -> WebResult {
    ctx.app.limits().check(Purpose::Track, &ctx.source)?;
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let case = read::track(&mut ctx.read().await?, &which.t).await?;
    let chrome = ctx.chrome("resident-done-title");
    let link = format!("{}/t/{}", ctx.origin, which.t);
    let page = Done {
        qr: qr::drawing(&link, &chrome.t("resident-done-qr"))?,
        lead: atlas.org_name(case.lead).to_owned(),
        card: atlas.area(&case.area).filter(|a| a.worker.is_some()).map(|area| Card::of(&atlas, area)),
        token: which.t,
        link,
        case,
        chrome,
    };
    Ok(ctx.page(&page)?.into_response())
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/report/done", Access::Public, done)]
}
