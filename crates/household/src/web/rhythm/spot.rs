//! `/homes/spot`: the spot checks that somebody has to do (月抽查), and the month of an area.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::Form;
use linli_kernel::{AreaCode, Error, Result, actor::AccountId, area::AreaLevel};
use linli_web::{Access, Chrome, Ctx, Locale, Route, WebResult};
use serde::Deserialize;

use super::{super::Desk, month_name, percent};
use crate::rhythm::{self, Answer, Candidate, Found, Month, SpotCheck, SpotHome, SpotId, SpotLine};

const PAGE: usize = 100;

/// A check in a list.
struct Line {
    it: SpotLine,
    place: String,
    month: String,
    accuracy: String,
}

/// `91.7%（62%–98%）`, or a dash.
pub(super) fn accuracy(found: &Found) -> String {
    found.accuracy().map_or_else(
        || "—".to_owned(),
        |a| format!("{}%（{}%–{}%）", percent(a.share), percent(a.low), percent(a.high)),
    )
}

fn line(l: &Locale, desk: &Desk, it: SpotLine) -> Line {
    Line {
        place: desk.atlas.path(&it.area),
        month: month_name(l, Month(it.month)),
        accuracy: accuracy(&it.found()),
        it,
    }
}

#[derive(Template)]
#[template(path = "rhythm/mine.html")]
struct Mine {
    chrome: Chrome,
    now: i64,
    lines: Vec<Line>,
}

async fn mine(ctx: Ctx) -> WebResult {
    let desk = Desk::of(&ctx, "rhythm.check")?;
    let Some(account) = ctx.actor.account() else { return Err(Error::Unauthorised.into()) };
    let found = rhythm::spots_of(&mut ctx.read().await?, account).await?;
    let page = Mine {
        chrome: desk.chrome(&ctx, "rhythm-spot-mine"),
        now: Month::of(ctx.now()).0,
        lines: found.into_iter().map(|it| line(&ctx.locale, &desk, it)).collect(),
    };
    Ok(ctx.page(&page)?.into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    at: String,
    month: String,
    after: String,
    done: String,
    n: String,
    without: String,
}

#[derive(Template)]
#[template(path = "rhythm/spots.html")]
struct Spots {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    head: String,
    at: AreaCode,
    month: Month,
    month_name: String,
    is_now: bool,
    lines: Vec<Line>,
    may_draw: bool,
    next: Option<String>,
    done: String,
    trouble: String,
}

async fn spots_page(ctx: &Ctx, asked: &Asked, trouble: String) -> WebResult {
    let desk = Desk::of(ctx, "rhythm.read")?;
    let at = desk.area(ctx, &asked.at)?;
    let now = Month::of(ctx.now());
    let month = Month::parse(&asked.month).unwrap_or(now);
    let after = asked.after.parse().ok();
    let mut conn = ctx.read().await?;
    let found = rhythm::spots(&mut conn, &desk.scope, &at, month, after, PAGE).await?;
    drop(conn);
    let small = matches!(at.level(), AreaLevel::Community | AreaLevel::Grid);
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).take(6).collect::<String>();
    let page = Spots {
        chrome: desk.chrome(ctx, "rhythm-spots"),
        crumbs: desk.crumbs(ctx, &at),
        head: desk.atlas.name(&at).to_owned(),
        month_name: month_name(&ctx.locale, month),
        is_now: month == now,
        month,
        lines: found.items.into_iter().map(|it| line(&ctx.locale, &desk, it)).collect(),
        may_draw: small && month == now && desk.may(ctx, "rhythm.draw", &at),
        next: found.next,
        done: if asked.done == "drawn" {
            let without = digits(&asked.without);
            let mut words = ctx.locale.t_with("rhythm-drawn", &[("n", digits(&asked.n))]);
            if !matches!(without.as_str(), "" | "0") {
                words.push_str(&ctx.locale.t_with("rhythm-drawn-without", &[("n", without)]));
            }
            words
        } else {
            String::new()
        },
        at,
        trouble,
    };
    let status = if page.trouble.is_empty() { StatusCode::OK } else { StatusCode::CONFLICT };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn spots(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    spots_page(&ctx, &asked, String::new()).await
}

async fn draw(ctx: Ctx, Form(asked): Form<Asked>) -> WebResult {
    let area: AreaCode = asked.at.parse().map_err(|_| Error::NotFound)?;
    let mut op = ctx.op().await?;
    match rhythm::draw_month(&mut op, &area).await {
        Ok(drawn) => {
            op.commit().await?;
            let (n, without) = (drawn.made.len(), drawn.without.len());
            let to = format!("/homes/rhythm/checks?at={area}&done=drawn&n={n}&without={without}");
            Ok(Redirect::to(&to).into_response())
        }
        Err(Error::Conflict(key)) => {
            drop(op);
            spots_page(&ctx, &asked, ctx.locale.t(key)).await
        }
        Err(error) => Err(error.into()),
    }
}

struct HomeRow {
    it: SpotHome,
    address: String,
    /// Field and answer in words.
    answers: Vec<(String, Answer)>,
}

impl HomeRow {
    /// Whether there is a page to open for it.
    fn open(&self) -> bool {
        self.it.address.is_some() && self.it.left_at.is_none()
    }
}

#[derive(Template)]
#[template(path = "rhythm/spot.html")]
struct Page {
    chrome: Chrome,
    check: SpotCheck,
    place: String,
    month_name: String,
    closed: bool,
    /// Whether this person does it.
    mine: bool,
    /// The grid's own worker does not see yet which homes are drawn.
    hidden: bool,
    open: usize,
    rows: Vec<HomeRow>,
    accuracy: String,
    found: Found,
    may_read: bool,
    /// Others who may check, for who may assign.
    others: Vec<(Candidate, String)>,
    done: String,
    trouble: String,
}

/// The check, for its checker and for who sees the figures.
async fn load(ctx: &Ctx, id: SpotId) -> Result<(Desk, SpotCheck, bool)> {
    let desk = Desk::of(ctx, "rhythm.read")?;
    let check = rhythm::spot(&mut ctx.read().await?, id).await?;
    let mine = ctx.actor.account() == Some(check.checker);
    if mine || desk.scope.covers(&check.area, &[]) { Ok((desk, check, mine)) } else { Err(Error::NotFound) }
}

pub(super) async fn page(ctx: &Ctx, id: SpotId, done: &str, trouble: String) -> WebResult {
    let (desk, check, mine) = load(ctx, id).await?;
    let hidden = rhythm::hidden_from(&desk.atlas, &ctx.actor, &check, ctx.now());
    let homes = if hidden { Vec::new() } else { rhythm::spot_homes(&mut ctx.read().await?, id).await? };
    let l = &ctx.locale;
    let mut found = Found::default();
    for answer in homes.iter().flat_map(|h| h.answers.values()) {
        match answer {
            Answer::Right => found.right += 1,
            Answer::Wrong => found.wrong += 1,
            Answer::Unknown => found.unknown += 1,
        }
    }
    let closed = check.closed(ctx.now());
    let others = if !closed && desk.may(ctx, "rhythm.draw", &check.area) {
        rhythm::checkers(&desk.atlas, &ctx.actor, &check.area)
            .into_iter()
            .filter(|c| c.account != check.checker)
            .map(|c| {
                let standing = l.t(&format!("rhythm-standing-{}", c.standing));
                (c, standing)
            })
            .collect()
    } else {
        Vec::new()
    };
    let page = Page {
        chrome: desk.chrome(ctx, "rhythm-spot"),
        place: desk.atlas.path(&check.area),
        month_name: month_name(l, check.month()),
        mine: mine && !hidden,
        hidden,
        open: homes
            .iter()
            .filter(|h| h.noted_at.is_none() && h.left_at.is_none() && h.address.is_some())
            .count(),
        rows: homes
            .into_iter()
            .map(|it| HomeRow {
                address: it.address.clone().unwrap_or_else(|| l.t("rhythm-spot-gone")),
                answers: it.answers.iter().map(|(f, a)| (l.t(&format!("rhythm-field-{f}")), *a)).collect(),
                it,
            })
            .collect(),
        accuracy: accuracy(&found),
        found,
        may_read: desk.may(ctx, "household.read", &check.area),
        others,
        done: match done {
            word @ ("noted" | "finished" | "assigned") => l.t(&format!("rhythm-spot-done-{word}")),
            _ => String::new(),
        },
        closed,
        check,
        trouble,
    };
    let status = if page.trouble.is_empty() { StatusCode::OK } else { StatusCode::CONFLICT };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn show(ctx: Ctx, Path(id): Path<SpotId>, Query(asked): Query<Asked>) -> WebResult {
    page(&ctx, id, &asked.done, String::new()).await
}

async fn finish(ctx: Ctx, Path(id): Path<SpotId>) -> WebResult {
    let mut op = ctx.op().await?;
    match rhythm::finish(&mut op, id).await {
        Ok(()) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/homes/spot/{id}?done=finished")).into_response())
        }
        Err(Error::Conflict(key)) => {
            drop(op);
            page(&ctx, id, "", ctx.locale.t(key)).await
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Debug, Deserialize)]
struct To {
    to: AccountId,
}

async fn assign(ctx: Ctx, Path(id): Path<SpotId>, Form(form): Form<To>) -> WebResult {
    let mut op = ctx.op().await?;
    match rhythm::assign(&mut op, id, form.to).await {
        Ok(_) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/homes/spot/{id}?done=assigned")).into_response())
        }
        Err(Error::Conflict(key)) => {
            drop(op);
            page(&ctx, id, "", ctx.locale.t(key)).await
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/rhythm/checks", Access::May("rhythm.read"), spots),
        Route::post("/homes/rhythm/draw", Access::May("rhythm.draw"), draw),
        Route::get("/homes/spot", Access::May("rhythm.check"), mine),
        Route::get("/homes/spot/{id}", Access::May("rhythm.read"), show),
        Route::post("/homes/spot/{id}/finish", Access::May("rhythm.check"), finish),
        Route::post("/homes/spot/{id}/assign", Access::May("rhythm.draw"), assign),
    ]
}
