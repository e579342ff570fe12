//! `/homes/meetings`: which communities have held their meeting, the to-dos behind each number; for a community its
//! meetings and the day on which it meets.

use askama::Template;
use axum::{
    extract::{Form, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use linli_kernel::{AreaCode, Error, area::AreaLevel};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use super::{super::super::overview::below, Room, day_words, standing, week_words};
use crate::rhythm::meeting::{self, Community, HOLD, Line, NewPlan, Plan, READ, Sum, Week};

const PAGE: usize = 20;
const LIST: usize = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    at: String,
    week: String,
    which: String,
    after: String,
    done: String,
}

/// A line of the sums.
struct PartRow {
    area: AreaCode,
    name: String,
    sum: Sum,
}

/// A community in a list.
struct Row {
    it: Community,
    name: String,
    usual: String,
    when: String,
    state: String,
    tone: &'static str,
}

fn usual(ctx: &Ctx, plan: Option<&Plan>) -> String {
    match plan.filter(|p| p.active) {
        Some(plan) => {
            format!("{} {}", ctx.locale.t(&format!("meeting-weekday-{}", plan.weekday)), plan.time())
        }
        None => ctx.locale.t("meeting-unset"),
    }
}

fn row(room: &Room, ctx: &Ctx, it: Community) -> Row {
    let l = &ctx.locale;
    let (state, tone) = match &it.meeting {
        Some(m) => standing(l, m.state, m.starts_at, ctx.now()),
        None if it.unset() => (l.t("meeting-unset"), "info"),
        None => (l.t("meeting-none"), "info"),
    };
    Row {
        name: room.desk.atlas.name(&it.area).to_owned(),
        usual: usual(ctx, it.plan.as_ref()),
        when: it.meeting.as_ref().map(|m| l.time(m.starts_at)).unwrap_or_default(),
        state,
        tone,
        it,
    }
}

#[derive(Template)]
#[template(path = "meeting/overview.html")]
struct Overview {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    head: String,
    at: AreaCode,
    week: Week,
    week_words: String,
    is_now: bool,
    sum: Sum,
    parts_name: String,
    /// Streets of a district.
    parts: Vec<PartRow>,
    /// Communities of a street.
    rows: Vec<Row>,
}

/// A meeting of one community in its list.
struct Past {
    it: Line,
    when: String,
    week: String,
    state: String,
    tone: &'static str,
}

/// The form of the day on which a community meets.
struct PlanForm {
    base: i64,
    weekday: String,
    time: String,
    place: String,
    active: bool,
}

#[derive(Template)]
#[template(path = "meeting/community.html")]
struct OneCommunity {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    head: String,
    at: AreaCode,
    usual: String,
    place: String,
    is_set: bool,
    sum: Sum,
    past: Vec<Past>,
    next: Option<String>,
    may_hold: bool,
    form: PlanForm,
    open: bool,
    problems: Problems,
    done: String,
    trouble: String,
}

/// What was typed and what is wrong with it.
#[derive(Default)]
struct Beside {
    typed: Option<PlanForm>,
    problems: Problems,
    trouble: String,
}

async fn community(ctx: &Ctx, room: Room, at: AreaCode, asked: &Asked, beside: Beside) -> WebResult {
    let l = &ctx.locale;
    let now = ctx.now();
    let mut conn = ctx.read().await?;
    let found =
        meeting::of_community(&mut conn, &room.desk.scope, &at, asked.after.parse().ok(), PAGE).await?;
    let all =
        meeting::communities(&mut conn, &room.desk.atlas, &room.desk.scope, &at, Week::of(now), now).await?;
    drop(conn);
    let plan = all.first().and_then(|c| c.plan.clone());
    let past = found
        .items
        .into_iter()
        .map(|it| {
            let (state, tone) = standing(l, it.state, it.starts_at, now);
            Past { when: l.time(it.starts_at), week: week_words(l, it.week()), state, tone, it }
        })
        .collect();
    let kept = || PlanForm {
        base: plan.as_ref().map_or(0, |p| p.version),
        weekday: plan.as_ref().map_or_else(|| "4".to_owned(), |p| p.weekday.to_string()),
        time: plan.as_ref().map_or_else(|| "15:00".to_owned(), Plan::time),
        place: plan.as_ref().map(|p| p.place.clone()).unwrap_or_default(),
        active: plan.as_ref().is_none_or(|p| p.active),
    };
    let refused = !beside.problems.is_empty() || !beside.trouble.is_empty();
    let status = match (refused, beside.trouble.is_empty()) {
        (false, _) => StatusCode::OK,
        (true, true) => StatusCode::UNPROCESSABLE_ENTITY,
        (true, false) => StatusCode::CONFLICT,
    };
    let page = OneCommunity {
        chrome: room.desk.chrome(ctx, "meetings"),
        crumbs: room.crumbs(ctx, &at),
        head: room.desk.atlas.name(&at).to_owned(),
        usual: usual(ctx, plan.as_ref()),
        place: plan.as_ref().map(|p| p.place.clone()).unwrap_or_default(),
        is_set: plan.as_ref().is_some_and(|p| p.active),
        sum: meeting::sum_of(&all),
        past,
        next: found.next,
        may_hold: room.may_hold(ctx, &at),
        form: beside.typed.unwrap_or_else(kept),
        open: refused,
        problems: beside.problems,
        done: if asked.done == "plan" { l.t("meeting-plan-done") } else { String::new() },
        trouble: beside.trouble,
        at,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let room = Room::of(&ctx)?;
    let at = room.area(&ctx, &asked.at)?;
    let level = at.level();
    if level == AreaLevel::Community {
        return community(&ctx, room, at, &asked, Beside::default()).await;
    }
    let now = Week::of(ctx.now());
    let week = Week::parse(&asked.week).unwrap_or(now).min(now);
    let mut conn = ctx.read().await?;
    let all =
        meeting::communities(&mut conn, &room.desk.atlas, &room.desk.scope, &at, week, ctx.now()).await?;
    drop(conn);
    let is_district = level == AreaLevel::District;
    let parts = if is_district { meeting::parts(&all, AreaLevel::Street) } else { Vec::new() };
    let page = Overview {
        chrome: room.desk.chrome(&ctx, "meetings"),
        crumbs: room.crumbs(&ctx, &at),
        head: room.desk.atlas.name(&at).to_owned(),
        week_words: week_words(&ctx.locale, week),
        is_now: week == now,
        week,
        sum: meeting::sum_of(&all),
        parts_name: ctx.locale.t(&format!("household-parts-{}", below(level).as_str())),
        parts: parts
            .into_iter()
            .map(|(area, sum)| PartRow { name: room.desk.atlas.name(&area).to_owned(), area, sum })
            .collect(),
        rows: if is_district { Vec::new() } else { all.into_iter().map(|c| row(&room, &ctx, c)).collect() },
        at,
    };
    Ok(ctx.page(&page)?.into_response())
}

#[derive(Template)]
#[template(path = "meeting/communities.html")]
struct Communities {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    head: String,
    at: AreaCode,
    week: Week,
    week_words: String,
    which: String,
    rows: Vec<Row>,
    next: Option<String>,
}

/// The communities behind a number: held, not yet held, none set.
async fn list(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let room = Room::of(&ctx)?;
    let at = room.area(&ctx, &asked.at)?;
    let week = Week::parse(&asked.week).unwrap_or_else(|| Week::of(ctx.now()));
    let which =
        if matches!(asked.which.as_str(), "waiting" | "unset") { asked.which.as_str() } else { "held" };
    let mut conn = ctx.read().await?;
    let all =
        meeting::communities(&mut conn, &room.desk.atlas, &room.desk.scope, &at, week, ctx.now()).await?;
    drop(conn);
    let wanted = |c: &Community| match which {
        "held" => c.held(),
        "unset" => c.unset(),
        _ => !c.held() && !c.unset(),
    };
    let mut rows: Vec<Community> =
        all.into_iter().filter(|c| wanted(c) && c.area.as_str() > asked.after.as_str()).collect();
    let more = rows.len() > LIST;
    rows.truncate(LIST);
    let page = Communities {
        chrome: room.desk.chrome(&ctx, "meetings"),
        crumbs: room.crumbs(&ctx, &at),
        head: room.desk.atlas.name(&at).to_owned(),
        week_words: week_words(&ctx.locale, week),
        week,
        which: which.to_owned(),
        next: rows.last().filter(|_| more).map(|c| c.area.to_string()),
        rows: rows.into_iter().map(|c| row(&room, &ctx, c)).collect(),
        at,
    };
    Ok(ctx.page(&page)?.into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Set {
    at: String,
    base: i64,
    weekday: String,
    time: String,
    place: String,
    active: String,
}

async fn set(ctx: Ctx, Form(form): Form<Set>) -> WebResult {
    let area: AreaCode = form.at.parse().map_err(|_| Error::NotFound)?;
    let new = NewPlan {
        weekday: form.weekday.parse().ok(),
        minute: meeting::minute(&form.time),
        place: form.place.clone(),
        active: form.active == "yes",
    };
    let mut op = ctx.op().await?;
    let error = match meeting::set_plan(&mut op, &area, form.base, &new).await {
        Ok(()) => {
            op.commit().await?;
            return Ok(Redirect::to(&format!("/homes/meetings?at={area}&done=plan")).into_response());
        }
        Err(error) => error,
    };
    drop(op);
    let typed = |base| PlanForm {
        base,
        weekday: form.weekday.clone(),
        time: form.time.clone(),
        place: form.place.clone(),
        active: new.active,
    };
    let beside = match error {
        // Somebody else set it meanwhile: what they set stands above, what was typed stays in the form.
        Error::Conflict(key) => {
            let now = meeting::plan(&mut ctx.read().await?, &area).await?;
            let said = now.as_ref().map_or_else(String::new, |p| {
                let by = [
                    ("name", p.changed_by.clone()),
                    ("when", day_words(&ctx.locale, p.changed_at)),
                    ("usual", usual(&ctx, Some(p))),
                ];
                ctx.locale.t_with("meeting-plan-by", &by)
            });
            let trouble = format!("{}{said}", ctx.locale.t(key));
            Beside { typed: Some(typed(now.map_or(0, |p| p.version))), trouble, ..Beside::default() }
        }
        error => Beside {
            problems: Problems::of(error, &ctx.locale)?,
            typed: Some(typed(form.base)),
            ..Beside::default()
        },
    };
    let room = Room::of(&ctx)?;
    community(&ctx, room, area, &Asked::default(), beside).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/meetings", Access::May(READ), show),
        Route::get("/homes/meetings/communities", Access::May(READ), list),
        Route::post("/homes/meetings/plan", Access::May(HOLD), set),
    ]
}
