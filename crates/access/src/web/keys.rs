//! `/admin/api-keys`: keys for other systems, each shown once.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::Form;
use chrono::NaiveDate;
use linli_kernel::{AreaCode, Error, Result, Timestamp};
use linli_web::{Access as Wanted, Chrome, Ctx, Route, WebError, WebResult};
use serde::Deserialize;

use super::{accounts::areas, login::Trouble, me::done_words};
use crate::{
    Access,
    api_keys::{self, ApiKey, ApiKeyId, NewApiKey},
    log,
};

const SIZE: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct KeyForm {
    name: String,
    scopes: Vec<String>,
    area: String,
    until: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    after: String,
    done: String,
}

struct Line {
    key: ApiKey,
    scopes: Vec<String>,
    live: bool,
}

#[derive(Template)]
#[template(path = "access/api-keys.html")]
struct KeysPage {
    chrome: Chrome,
    trouble: Trouble,
    done: Option<String>,
    made: Option<String>,
    lines: Vec<Line>,
    next: Option<String>,
    grantable: Vec<(String, String, bool)>,
    areas: Vec<(String, String)>,
    form: KeyForm,
}

#[derive(Default)]
struct Said {
    trouble: Trouble,
    done: Option<String>,
    made: Option<String>,
    form: KeyForm,
    after: String,
}

async fn render(ctx: &Ctx, mut said: Said) -> WebResult {
    let access = ctx.district.port::<Access>()?;
    let after = said.after.parse().ok();
    let page = api_keys::list(&mut ctx.read().await?, &access, &ctx.actor, after, SIZE).await?;
    if said.form.area.is_empty() {
        said.form.area = ctx.district.area.to_string();
    }
    let words = |code: &str| log::act(&ctx.locale, &access, code);
    let live = |key: &ApiKey| key.revoked_at.is_none() && key.expires_at > ctx.now();
    let grantable = access.policy.actions().filter(|(code, ..)| access.policy.grantable(code));
    let page = KeysPage {
        chrome: ctx.chrome("access-keys"),
        done: said.done,
        made: said.made,
        grantable: grantable
            .map(|(code, ..)| (code.to_owned(), words(code), said.form.scopes.iter().any(|s| s == code)))
            .collect(),
        next: page.next,
        lines: page
            .items
            .into_iter()
            .map(|key| Line { scopes: key.scopes.iter().map(|s| words(s)).collect(), live: live(&key), key })
            .collect(),
        areas: areas(ctx),
        form: said.form,
        trouble: said.trouble,
    };
    Ok(page.trouble.answer(ctx.page(&page)?))
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let done = done_words(&ctx, &asked.done);
    render(&ctx, Said { done, after: asked.after, ..Said::default() }).await
}

async fn make(ctx: &Ctx, form: &KeyForm) -> Result<String> {
    let area: AreaCode = form.area.trim().parse().map_err(|_| Error::field("area", "error-area"))?;
    let day: NaiveDate = form.until.parse().map_err(|_| Error::field("expires_at", "error-required"))?;
    let after = day.succ_opt().ok_or_else(|| Error::field("expires_at", "error-expiry"))?;
    let mut op = ctx.op().await?;
    let new = NewApiKey {
        name: form.name.clone(),
        scopes: form.scopes.clone(),
        area,
        expires_at: Timestamp::china_midnight(after),
    };
    let (_, text) = api_keys::create(&mut op, new).await?;
    op.commit().await?;
    Ok(text)
}

async fn create(ctx: Ctx, Form(form): Form<KeyForm>) -> WebResult {
    match make(&ctx, &form).await {
        Ok(key) => render(&ctx, Said { made: Some(key), ..Said::default() }).await,
        Err(error) => {
            let trouble = Trouble::of(error, &ctx.locale)?;
            render(&ctx, Said { trouble, form, ..Said::default() }).await
        }
    }
}

async fn revoke(ctx: Ctx, Path(id): Path<String>) -> WebResult {
    let id: ApiKeyId = id.parse().map_err(|_| WebError(Error::NotFound))?;
    let mut op = ctx.op().await?;
    api_keys::revoke(&mut op, id).await?;
    op.commit().await?;
    Ok(Redirect::to("/admin/api-keys?done=key").into_response())
}

pub(super) fn routes() -> Vec<Route> {
    let may = Wanted::May("api_key.manage");
    vec![
        Route::get("/admin/api-keys", may, show),
        Route::post("/admin/api-keys", may, create),
        Route::post("/admin/api-keys/{id}/end", may, revoke),
    ]
}
