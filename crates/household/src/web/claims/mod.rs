//! `/homes/queue`: what residents have filled in, until somebody has compared it.

mod look;

use askama::Template;
use axum::{
    extract::Query,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::Form;
use linli_kernel::{AreaCode, Timestamp};
use linli_web::{Access, Chrome, Ctx, Markup, Route, WebResult};
use serde::Deserialize;

use super::Desk;
use crate::claims::{self, ClaimId, ClaimKind, ClaimState, Queue, QueueRow, Which};

const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    at: String,
    which: String,
    after: String,
    done: String,
}

struct Row {
    id: ClaimId,
    number: String,
    address: String,
    place: String,
    kind: ClaimKind,
    conflicts: Vec<String>,
    state: ClaimState,
    tone: &'static str,
    people: i64,
    proven: bool,
    peer: Option<String>,
    at: Timestamp,
    by: Option<String>,
}

struct Tab {
    which: Which,
    label: String,
    count: Option<i64>,
}

#[derive(Template)]
#[template(path = "claims/queue.html")]
struct Page {
    chrome: Chrome,
    at: AreaCode,
    crumbs: Vec<(String, String)>,
    head: String,
    which: Which,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    may_decide: bool,
    next: Option<String>,
    done: String,
    trouble: String,
}

fn row(ctx: &Ctx, desk: &Desk, r: QueueRow) -> Row {
    let conflicts = r.against();
    Row {
        id: r.id,
        number: r.number,
        address: r.address,
        place: desk.atlas.name(&r.area).to_owned(),
        kind: r.kind,
        conflicts: conflicts.iter().map(|c| ctx.locale.t(&format!("claim-conflict-{c}"))).collect(),
        tone: super::door::receipt_tone(r.state),
        state: r.state,
        people: r.people,
        proven: r.proven,
        peer: r.peer,
        at: r.decided_at.unwrap_or(r.submitted_at),
        by: r.decided_by,
    }
}

async fn page(ctx: &Ctx, asked: Asked, trouble: String) -> WebResult {
    let desk = Desk::of(ctx, "claim.read")?;
    let at = desk.around(ctx, &asked.at)?;
    let which: Which = asked.which.parse().unwrap_or(Which::All);
    let after = asked.after.parse().ok();
    let mut conn = ctx.read().await?;
    let counts: Queue = claims::counts(&mut conn, &desk.scope, &at).await?;
    let found = claims::queue(&mut conn, &desk.scope, &at, which, after, PAGE).await?;
    drop(conn);
    let status = if trouble.is_empty() { StatusCode::OK } else { StatusCode::CONFLICT };
    let page = Page {
        chrome: desk.chrome(ctx, "claim-queue"),
        crumbs: desk.crumbs(ctx, &at),
        head: desk.atlas.name(&at).to_owned(),
        tabs: Which::ALL
            .iter()
            .map(|&which| Tab {
                which,
                label: ctx.locale.t(&format!("claim-which-{which}")),
                count: counts.of(which),
            })
            .collect(),
        which,
        rows: found.items.into_iter().map(|r| row(ctx, &desk, r)).collect(),
        may_decide: desk.scope.areas.iter().any(|own| desk.may(ctx, "claim.decide", own)),
        next: found.next,
        done: match asked.done.as_str() {
            "" => String::new(),
            n if n.bytes().all(|b| b.is_ascii_digit()) => {
                ctx.locale.t_with("claim-done-many", &[("n", n.to_owned())])
            }
            word @ ("accepted" | "partly" | "asked" | "declined") => {
                ctx.locale.t(&format!("claim-done-{word}"))
            }
            _ => String::new(),
        },
        at,
        trouble,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    page(&ctx, asked, String::new()).await
}

/// The number beside the navigation's entry; nothing where nothing waits.
async fn count(ctx: Ctx) -> WebResult {
    let desk = Desk::of(&ctx, "claim.read")?;
    let at = desk.around(&ctx, "")?;
    let waiting = claims::counts(&mut ctx.read().await?, &desk.scope, &at).await?.all;
    let text = if waiting > 99 { "99+".to_owned() } else { waiting.to_string() };
    let words = ctx.locale.t_with("claim-waiting-n", &[("n", waiting.to_string())]);
    let badge = format!(
        "<span class=\"badge\"><span aria-hidden=\"true\">{text}</span><span class=\"sr\">{}</span></span>",
        linli_web::markup::escaped(&words)
    );
    let html = if waiting == 0 { Markup::trusted(String::new()) } else { Markup::trusted(badge) };
    Ok(axum::response::Html(html.to_string()).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Picked {
    at: String,
    which: String,
    id: Vec<ClaimId>,
}

/// Takes the ticked entries that say that nothing has changed.
async fn accept(ctx: Ctx, Form(picked): Form<Picked>) -> WebResult {
    let mut ids = picked.id;
    ids.truncate(PAGE);
    let mut op = ctx.op().await?;
    let done = claims::accept_unchanged(&mut op, &ids).await?;
    op.commit().await?;
    let at: String = picked.at.chars().filter(char::is_ascii_digit).collect();
    let which: Which = picked.which.parse().unwrap_or(Which::Same);
    Ok(Redirect::to(&format!("/homes/queue?at={at}&which={which}&done={done}")).into_response())
}

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("/homes/queue", Access::May("claim.read"), show),
        Route::get("/homes/queue/count", Access::May("claim.read"), count),
        Route::post("/homes/queue/accept", Access::May("claim.decide"), accept),
    ];
    routes.extend(look::routes());
    routes
}
