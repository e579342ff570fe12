//! Webhooks, for the security officer.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::Form;
use linli_access::{Access as Rights, Target};
use linli_kernel::Result;
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use crate::{
    hotline::webhook::{self, Delivery, DeliveryId, NewWebhook, SOURCES, Webhook, WebhookId},
    model::Source,
};

#[derive(Template)]
#[template(path = "hotline/webhooks.html")]
struct ListPage {
    chrome: Chrome,
    problems: Problems,
    hooks: Vec<Webhook>,
    typed: Typed,
    /// Shown once, right after it was made.
    secret: Option<String>,
}

#[derive(Template)]
#[template(path = "hotline/webhook.html")]
struct OnePage {
    chrome: Chrome,
    hook: Webhook,
    deliveries: Vec<Delivery>,
    next: Option<String>,
}

impl ListPage {
    fn sources(&self) -> Vec<(Source, String, bool)> {
        let word = |s: Source| self.chrome.t(&format!("webhook-source-{s}"));
        SOURCES.iter().map(|&s| (s, word(s), self.typed.sources.contains(&s))).collect()
    }
}

impl OnePage {
    fn state(&self, delivery: &Delivery) -> (String, &'static str) {
        let (key, tone) = match (delivery.delivered_at, delivery.failed_at) {
            (Some(_), _) => ("webhook-delivery-delivered", "ok"),
            (None, Some(_)) => ("webhook-delivery-failed", "bad"),
            (None, None) => ("webhook-delivery-waiting", "info"),
        };
        (self.chrome.t(key), tone)
    }
}

#[derive(Deserialize, Default)]
struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    sources: Vec<Source>,
}

fn may(ctx: &Ctx) -> Result<()> {
    let target = Target::at(&ctx.district.area);
    ctx.district.port::<Rights>()?.policy.permits(&ctx.actor, "webhook.manage", &target)
}

async fn page(ctx: &Ctx, typed: Typed, problems: Problems, secret: Option<String>) -> Result<ListPage> {
    may(ctx)?;
    let hooks = webhook::list(&mut ctx.read().await?).await?;
    Ok(ListPage { chrome: ctx.chrome("webhook-title"), problems, hooks, typed, secret })
}

async fn list(ctx: Ctx) -> WebResult {
    let typed = Typed { sources: vec![Source::Hotline], ..Typed::default() };
    let page = page(&ctx, typed, Problems::none(), None).await?;
    Ok(ctx.page(&page)?.into_response())
}

async fn create(ctx: Ctx, Form(typed): Form<Typed>) -> WebResult {
    let new = NewWebhook { name: typed.name.clone(), url: typed.url.clone(), sources: typed.sources.clone() };
    let work = async {
        let mut op = ctx.op().await?;
        let (_, secret) = webhook::create(&mut op, new).await?;
        op.commit().await?;
        Ok(secret)
    };
    match work.await {
        Ok(secret) => {
            let page = page(&ctx, Typed::default(), Problems::none(), Some(secret)).await?;
            Ok((StatusCode::CREATED, ctx.page(&page)?).into_response())
        }
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            let page = page(&ctx, typed, problems, None).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, ctx.page(&page)?).into_response())
        }
    }
}

#[derive(Deserialize)]
struct Active {
    active: bool,
}

async fn set_active(ctx: Ctx, Path(id): Path<WebhookId>, Form(form): Form<Active>) -> WebResult {
    let mut op = ctx.op().await?;
    webhook::set_active(&mut op, id, form.active).await?;
    op.commit().await?;
    Ok(Redirect::to(&format!("/admin/webhooks/{id}")).into_response())
}

#[derive(Deserialize)]
struct After {
    after: Option<String>,
}

async fn one(ctx: Ctx, Path(id): Path<WebhookId>, Query(after): Query<After>) -> WebResult {
    may(&ctx)?;
    let mut conn = ctx.read().await?;
    let hook = webhook::get(&mut conn, id).await?;
    let after = after.after.and_then(|a| a.parse().ok());
    let page = webhook::deliveries(&mut conn, id, after, 50).await?;
    let page =
        OnePage { chrome: ctx.chrome("webhook-deliveries"), hook, deliveries: page.items, next: page.next };
    Ok(ctx.page(&page)?.into_response())
}

async fn resend(ctx: Ctx, Path(id): Path<DeliveryId>) -> WebResult {
    let mut op = ctx.op().await?;
    let hook = webhook::resend(&mut op, id).await?;
    op.commit().await?;
    Ok(Redirect::to(&format!("/admin/webhooks/{hook}")).into_response())
}

pub(super) fn routes() -> Vec<Route> {
    let manage = Access::May("webhook.manage");
    vec![
        Route::get("/admin/webhooks", manage, list),
        Route::post("/admin/webhooks", manage, create),
        Route::get("/admin/webhooks/{id}", manage, one),
        Route::post("/admin/webhooks/{id}/active", manage, set_active),
        Route::post("/admin/webhooks/deliveries/{id}/resend", manage, resend),
    ]
}
