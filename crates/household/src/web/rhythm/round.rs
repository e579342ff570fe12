//! `/homes/round`: today's short list of a grid (日随查), settled in one tap.

use askama::Template;
use axum::{
    extract::{Form, Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use linli_kernel::{AreaCode, Error, area::AreaLevel};
use linli_web::{Access, Chrome, Ctx, Locale, Route, WebResult};
use serde::Deserialize;

use super::super::{Desk, word};
use crate::{
    model::DwellingId,
    rhythm::{self, Met, Reason, RoundHome, RoundId},
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    at: String,
    done: String,
}

struct Row {
    id: DwellingId,
    address: String,
    why: String,
    care: bool,
    outcome: Option<Met>,
    tone: &'static str,
    when: String,
}

#[derive(Template)]
#[template(path = "rhythm/round.html")]
struct Page {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    head: String,
    at: AreaCode,
    id: RoundId,
    /// Other grids of this person.
    grids: Vec<(AreaCode, String)>,
    may_check: bool,
    open: Vec<Row>,
    settled: Vec<Row>,
    done: String,
    trouble: String,
}

/// Why a home is on the list, as one would say it.
fn why(l: &Locale, home: &RoundHome) -> String {
    let days = home.days.map(|n| n.to_string());
    match (home.reason, home.care, days) {
        (Reason::Care, Some(kind), Some(n)) => {
            l.t_with("rhythm-why-care", &[("care", word(l, "care", kind.as_str())), ("n", n)])
        }
        (Reason::Care, Some(kind), None) => {
            l.t_with("rhythm-why-care-never", &[("care", word(l, "care", kind.as_str()))])
        }
        (Reason::Stale, _, Some(n)) => l.t_with("rhythm-why-stale", &[("n", n)]),
        _ => l.t("rhythm-why-never"),
    }
}

fn row(l: &Locale, home: &RoundHome) -> Row {
    Row {
        id: home.id,
        address: home.address.clone(),
        why: why(l, home),
        care: home.reason == Reason::Care,
        outcome: home.outcome,
        tone: match home.outcome {
            Some(Met::Confirmed) => "ok",
            Some(Met::Changed) => "info",
            Some(Met::Nobody) | None => "warn",
        },
        when: home.settled_at.map(|at| l.time(at)).unwrap_or_default(),
    }
}

async fn page(ctx: &Ctx, asked: &Asked, trouble: String) -> WebResult {
    let desk = Desk::of(ctx, "rhythm.round")?;
    let at = desk.area(ctx, &asked.at)?;
    if at.level() != AreaLevel::Grid {
        return Ok(Redirect::to(&format!("/homes/rhythm?at={at}")).into_response());
    }
    let known = rhythm::today(&mut ctx.read().await?, &at, ctx.now()).await?;
    let round = if let Some(round) = known {
        round
    } else {
        let mut op = ctx.op().await?;
        let round = rhythm::ensure(&mut op, &at).await?;
        op.commit().await?;
        round
    };
    let (open, settled): (Vec<&RoundHome>, Vec<&RoundHome>) =
        round.homes.iter().partition(|h| h.outcome.is_none());
    let own = desk.scope.areas.iter().filter(|a| a.level() == AreaLevel::Grid && **a != at);
    let page = Page {
        chrome: desk.chrome(ctx, "rhythm-round"),
        crumbs: desk.crumbs(ctx, &at),
        head: desk.atlas.name(&at).to_owned(),
        id: round.id,
        grids: own.map(|a| (a.clone(), desk.atlas.name(a).to_owned())).collect(),
        may_check: desk.access.policy.allows_somewhere(&ctx.actor, "rhythm.check"),
        open: open.into_iter().map(|h| row(&ctx.locale, h)).collect(),
        settled: settled.into_iter().map(|h| row(&ctx.locale, h)).collect(),
        done: match asked.done.parse() {
            Ok(met @ (Met::Confirmed | Met::Nobody)) => ctx.locale.t(&format!("rhythm-done-{met}")),
            _ => String::new(),
        },
        at,
        trouble,
    };
    let status = if page.trouble.is_empty() { StatusCode::OK } else { StatusCode::CONFLICT };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    page(&ctx, &asked, String::new()).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Tap {
    at: String,
    r#do: String,
}

async fn settle(
    ctx: Ctx,
    Path((round, home)): Path<(RoundId, DwellingId)>,
    Form(tap): Form<Tap>,
) -> WebResult {
    let met: Met = tap.r#do.parse().map_err(|_| Error::NotFound)?;
    let mut op = ctx.op().await?;
    match rhythm::settle(&mut op, round, home, met).await {
        Ok(grid) => {
            op.commit().await?;
            let next = match met {
                Met::Changed => format!("/homes/{home}"),
                met => format!("/homes/round?at={grid}&done={met}"),
            };
            Ok(Redirect::to(&next).into_response())
        }
        Err(Error::Conflict(key)) => {
            drop(op);
            let asked = Asked { at: tap.at, ..Asked::default() };
            page(&ctx, &asked, ctx.locale.t(key)).await
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/round", Access::May("rhythm.round"), show),
        Route::post("/homes/round/{round}/{home}", Access::May("rhythm.round"), settle),
    ]
}
