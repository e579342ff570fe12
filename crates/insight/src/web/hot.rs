//! `/desk/hot`: what many people report from one place, hottest first, and the cases behind it.

use askama::Template;
use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::Timestamp;
use linli_web::{
    Access, Chrome, Ctx, Route, WebResult,
    api::{Operation, schema},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{one_digit, scope};
use crate::{
    feed::Told,
    hot::{DAYS, PEOPLE},
    read::{self, HotIssue},
};

const VIEW: &str = "hot.view";

struct Line {
    url: String,
    place: String,
    problem: String,
    cases: i64,
    people: i64,
    supporters: i64,
    period: String,
    heat: String,
    why: String,
    /// Share of the hottest, in whole per cent, for the bar.
    share: u32,
}

fn date(ctx: &Ctx, at: Timestamp) -> String {
    let day = at.china_date().to_string();
    // The year stands only where it is another one.
    let this = ctx.now().china_date().to_string();
    if day.get(..4) == this.get(..4) { day.get(5..).unwrap_or(&day).to_owned() } else { day }
}

fn period(ctx: &Ctx, issue: &HotIssue) -> String {
    let (from, to) = (date(ctx, issue.from), date(ctx, issue.to));
    if from == to { from } else { format!("{from} – {to}") }
}

/// The heat as a sum that can be checked.
fn why(ctx: &Ctx, issue: &HotIssue) -> String {
    let [people, support, quiet] = issue.parts;
    let mut parts = vec![ctx.locale.t_with("insight-heat-people", &[("n", one_digit(people))])];
    if support > 0.0 {
        parts.push(ctx.locale.t_with("insight-heat-support", &[("n", one_digit(support))]));
    }
    if quiet < -0.05 {
        parts.push(ctx.locale.t_with("insight-heat-quiet", &[("n", one_digit(-quiet))]));
    }
    parts.join(" ")
}

fn line(ctx: &Ctx, atlas: &Atlas, issue: &HotIssue, top: f64) -> Line {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
    let share = (issue.heat / top.max(1.0) * 100.0).clamp(0.0, 100.0) as u32;
    Line {
        url: format!("/desk/hot/{}", issue.id),
        place: atlas.path(&issue.place),
        problem: issue.problem.clone(),
        cases: issue.cases,
        people: issue.people,
        supporters: issue.supporters,
        period: period(ctx, issue),
        heat: one_digit(issue.heat),
        why: why(ctx, issue),
        share,
    }
}

fn chrome(ctx: &Ctx, atlas: &Atlas, title: &str) -> Chrome {
    let mut chrome = ctx.chrome(title);
    chrome.place = ctx.actor.posts().first().map(|post| atlas.org_name(post.org).to_owned());
    chrome
}

#[derive(Template)]
#[template(path = "insight/hot.html")]
struct HotPage {
    chrome: Chrome,
    lines: Vec<Line>,
    people: u32,
    days: u64,
}

async fn list(ctx: Ctx) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let issues = read::hot(&mut ctx.read().await?, &scope(&ctx, VIEW)?, ctx.now()).await?;
    let top = issues.first().map_or(1.0, |issue| issue.heat);
    let page = HotPage {
        chrome: chrome(&ctx, &atlas, "insight-hot"),
        lines: issues.iter().map(|issue| line(&ctx, &atlas, issue, top)).collect(),
        people: PEOPLE,
        days: DAYS,
    };
    Ok(ctx.page(&page)?.into_response())
}

struct Member {
    url: String,
    number: String,
    title: String,
    text: String,
    place: String,
    when: String,
    state: String,
    category: String,
    supporters: u32,
}

#[derive(Template)]
#[template(path = "insight/issue.html")]
struct IssuePage {
    chrome: Chrome,
    issue: Line,
    members: Vec<Member>,
}

fn member(ctx: &Ctx, atlas: &Atlas, told: &Told) -> Member {
    Member {
        url: format!("/desk/cases/{}", told.id),
        number: told.number.clone(),
        title: told.title.clone(),
        text: told.body.chars().take(80).collect(),
        place: if told.address.is_empty() { atlas.path(&told.area) } else { told.address.clone() },
        when: ctx.locale.time(told.at),
        state: ctx.locale.t(&format!("desk-state-{}", told.state)),
        category: told.category.as_deref().map(|code| atlas.category_path(code)).unwrap_or_default(),
        supporters: told.supporters,
    }
}

async fn one(ctx: Ctx, Path(id): Path<Uuid>) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let scope = scope(&ctx, VIEW)?;
    let (issue, cases) = read::issue(&mut ctx.read().await?, &ctx.district, &scope, id, ctx.now()).await?;
    let page = IssuePage {
        chrome: chrome(&ctx, &atlas, "insight-issue"),
        issue: line(&ctx, &atlas, &issue, issue.heat),
        members: cases.iter().map(|told| member(&ctx, &atlas, told)).collect(),
    };
    Ok(ctx.page(&page)?.into_response())
}

/// `/api/v1/hot`: the same list for other systems.
async fn api(ctx: Ctx) -> WebResult<Response> {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let issues = read::hot(&mut ctx.read().await?, &scope(&ctx, VIEW)?, ctx.now()).await?;
    let list: Vec<Value> = issues
        .iter()
        .map(|issue| {
            json!({
                "id": issue.id,
                "place": issue.place,
                "place_name": atlas.path(&issue.place),
                "problem": issue.problem,
                "cases": issue.cases,
                "people": issue.people,
                "supporters": issue.supporters,
                "from": issue.from.china_date().to_string(),
                "to": issue.to.china_date().to_string(),
                "heat": issue.heat,
                "heat_parts": { "people": issue.parts[0], "support": issue.parts[1], "quiet": issue.parts[2] },
            })
        })
        .collect();
    Ok(Json(json!({ "issues": list })).into_response())
}

pub(super) fn routes() -> Vec<Route> {
    let view = Access::May(VIEW);
    vec![Route::get("/desk/hot", view, list), Route::get("/desk/hot/{id}", view, one)]
}

/// The list for other systems.
pub(super) fn operations() -> Vec<Operation> {
    let parts = schema::object([
        ("people", schema::number()),
        ("support", schema::number()),
        ("quiet", schema::number()),
    ]);
    let issue = schema::object([
        ("id", schema::id()),
        ("place", schema::area()),
        ("place_name", schema::text()),
        ("problem", schema::text()),
        ("cases", schema::int()),
        ("people", schema::int()),
        ("supporters", schema::int()),
        ("from", schema::day()),
        ("to", schema::day()),
        ("heat", schema::number()),
        ("heat_parts", parts),
    ]);
    let list = schema::object([("issues", schema::list(issue))]);
    vec![
        Operation::get(
            "/api/v1/hot",
            Access::May(VIEW),
            "Hot issues: one place, one problem, many people",
            api,
        )
        .answers(200, "Within the caller's scope, hottest first", list),
    ]
}
