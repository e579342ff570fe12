//! The page that connects a field app: address, user name and a token that is shown once.

use askama::Template;
use axum::response::{IntoResponse as _, Redirect};
use linli_kernel::{Error, Timestamp};
use linli_web::{Access, Chrome, Ctx, Route, WebResult};

use crate::tokens;

pub(super) fn routes() -> Vec<Route> {
    const MAY: Access = Access::May("survey.fill");
    vec![
        Route::get("/surveys/device", MAY, show),
        Route::post("/surveys/device", MAY, make),
        Route::post("/surveys/device/end", MAY, end),
    ]
}

#[derive(Template)]
#[template(path = "survey/device.html")]
struct Page {
    chrome: Chrome,
    url: String,
    user: String,
    token: String,
    /// Since when and until when the token counts.
    known: Option<(Timestamp, Timestamp)>,
}

async fn page(ctx: &Ctx, token: String) -> WebResult {
    let account = ctx.actor.account().ok_or(Error::Forbidden("error-forbidden"))?;
    let known = tokens::standing(&mut ctx.read().await?, account, ctx.now()).await?;
    let page = Page {
        chrome: ctx.chrome("survey-device"),
        url: format!("{}/openrosa", ctx.origin),
        user: ctx.actor.name().to_owned(),
        token,
        known,
    };
    Ok(ctx.page(&page)?.into_response())
}

async fn show(ctx: Ctx) -> WebResult {
    page(&ctx, String::new()).await
}

async fn make(ctx: Ctx) -> WebResult {
    let mut op = ctx.op().await?;
    let token = tokens::make(&mut op).await?;
    op.commit().await?;
    page(&ctx, token).await
}

async fn end(ctx: Ctx) -> WebResult<Redirect> {
    let mut op = ctx.op().await?;
    tokens::end(&mut op).await?;
    op.commit().await?;
    Ok(Redirect::to("/surveys/device"))
}
