//! The front page: three things to do, who is responsible here, and what was reported from this phone.

use std::collections::HashMap;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::CookieJar;
use linli_grid::AtlasPort;
use linli_kernel::{Result, actor::OrgId};
use linli_store::{Conn, Where};
use linli_web::{Access, Chrome, Ctx, Route, WebResult};

use super::{card::Card, memory};
use crate::{app::token_hash, model::CaseState, web::tone};

/// A line of “what I reported”.
struct Mine {
    token: String,
    title: String,
    state: CaseState,
    tone: &'static str,
    org: String,
}

#[derive(Template)]
#[template(path = "resident/home.html")]
struct Home {
    chrome: Chrome,
    card: Option<Card>,
    mine: Vec<Mine>,
    district_code: String,
}

/// What became of these links, the newest first; links that mean nothing any more are left out.
async fn reported(conn: &mut Conn, tokens: Vec<String>) -> Result<Vec<(String, String, CaseState, OrgId)>> {
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let hashes: Vec<Vec<u8>> = tokens.iter().map(|token| token_hash(token)).collect();
    let mut rows = Where::new();
    rows.any("token_hash", &hashes);
    let sql = format!("SELECT token_hash, title, state, lead FROM case_file{}", rows.text());
    let found: Vec<(Vec<u8>, String, CaseState, OrgId)> = conn.all(&sql, rows.args()).await?;
    let mut found: HashMap<_, _> = found.into_iter().map(|(hash, t, s, l)| (hash, (t, s, l))).collect();
    Ok(tokens
        .into_iter()
        .filter_map(|token| found.remove(&token_hash(&token)).map(|(t, s, l)| (token, t, s, l)))
        .collect())
}

async fn home(ctx: Ctx, jar: CookieJar) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let mine = reported(&mut ctx.read().await?, memory::mine(&jar)).await?;
    let page = Home {
        card: memory::grid(&jar, &atlas).map(|area| Card::of(&atlas, area)),
        mine: mine
            .into_iter()
            .map(|(token, title, state, lead)| Mine {
                token,
                title,
                state,
                tone: tone::of(state),
                org: atlas.org_name(lead).to_owned(),
            })
            .collect(),
        district_code: ctx.district.area.to_string(),
        chrome: ctx.chrome("resident-home-title"),
    };
    Ok(ctx.page(&page)?.into_response())
}

/// Takes the grid and the links off this phone: it may not be theirs.
async fn forget(jar: CookieJar) -> Response {
    (memory::forget(jar), Redirect::to("/")).into_response()
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/", Access::Public, home), Route::post("/forget", Access::Public, forget)]
}
