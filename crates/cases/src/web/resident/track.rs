//! Following a case by its secret link: where it stands in plain words, who is responsible until when,
//! and what the reporter can do about it.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::IntoResponse,
};
use linli_grid::{Atlas, AtlasPort, OrgKind};
use linli_kernel::actor::OrgId;
use linli_web::{Access, Chrome, Ctx, Locale, Markup, Problems, Route, WebResult, limit::Purpose, once, qr};
use serde::Deserialize;

use super::{
    acts::{self, Said},
    card::Face,
};
use crate::{
    model::{Action, CaseState, Satisfaction},
    read::{self, PublicCase, PublicEntry},
    web::tone,
};

/// One of the seven steps.
struct Step {
    key: String,
    /// `done`, `now`, `stopped` or nothing.
    class: &'static str,
    at: Option<String>,
}

/// The steps that are behind the case, and whether it goes on.
const fn progress(state: CaseState) -> (usize, bool) {
    match state {
        CaseState::Reported => (1, true),
        CaseState::Filed | CaseState::Reopened => (2, true),
        CaseState::Assigned
        | CaseState::Accepted
        | CaseState::OnSite
        | CaseState::Returned
        | CaseState::Suspended => (3, true),
        CaseState::Resolved | CaseState::Verifying => (5, true),
        CaseState::Closed => (6, true),
        CaseState::Rated => (7, true),
        CaseState::Declined | CaseState::Merged => (1, false),
    }
}

/// The states whose reaching completes a step.
const REACHED: [&[CaseState]; 7] = [
    &[CaseState::Reported],
    &[CaseState::Filed],
    &[CaseState::Assigned, CaseState::Accepted],
    &[CaseState::OnSite],
    &[CaseState::Resolved],
    &[CaseState::Closed],
    &[CaseState::Rated],
];

fn steps(case: &PublicCase, locale: &Locale) -> Vec<Step> {
    let (done, goes_on) = progress(case.state);
    let time = |n: usize| {
        let states = REACHED.get(n)?;
        let at = |e: &PublicEntry| states.contains(&e.to).then_some(e.at);
        // Since it was last opened: earlier rounds are in the timeline below.
        case.timeline.iter().rev().take_while(|e| e.action != Action::Reopen || n < 2).find_map(at)
    };
    (0..7)
        .map(|n| Step {
            key: format!("resident-step-{}", n + 1),
            class: match n {
                _ if n < done => "done",
                _ if n == done && goes_on => "now",
                _ if n == done => "stopped",
                _ => "",
            },
            at: if n == 0 { Some(case.reported_at) } else { time(n) }
                .filter(|_| n < done)
                .map(|at| locale.time(at)),
        })
        .collect()
}

/// A line of “everything that happened”.
struct Line {
    at: String,
    iso: String,
    text: String,
    said: Option<String>,
    own: bool,
    photos: Vec<String>,
}

fn line(entry: &PublicEntry, atlas: &Atlas, locale: &Locale) -> Line {
    let org = entry.org.map(|org| atlas.org_name(org).to_owned());
    let lead = entry.facts.get("lead").and_then(|id| id.parse().ok()).map(|id| atlas.org_name(OrgId(id)));
    let us = || locale.t("resident-centre");
    let args = [("org", org.unwrap_or_else(us)), ("lead", lead.map_or_else(us, str::to_owned))];
    let own = if entry.own { "own" } else { "org" };
    Line {
        at: locale.time(entry.at),
        iso: entry.at.rfc3339(),
        text: locale.t_with(&format!("resident-{own}-{}", entry.action), &args),
        said: entry.note.clone(),
        own: entry.own,
        photos: entry.photos.iter().map(ToString::to_string).collect(),
    }
}

/// Who is responsible now.
struct Responsible {
    name: String,
    /// The worker of the grid, where the grid itself answers.
    face: Option<Face>,
}

fn responsible(case: &PublicCase, atlas: &Atlas) -> Responsible {
    let org = atlas.org(case.lead);
    let grid = org.filter(|org| org.kind == OrgKind::Grid).and_then(|org| atlas.area(&org.area));
    Responsible {
        name: org.map_or_else(String::new, |org| org.name.clone()),
        face: grid.and_then(|area| area.worker.as_ref()).map(Face::from),
    }
}

/// What stands around the case on the page: what was just done, or what was wrong.
#[derive(Default)]
pub(super) struct Around {
    pub(super) said: Said,
    pub(super) problems: Problems,
    pub(super) done: Option<String>,
}

#[derive(Template)]
#[template(path = "resident/track.html")]
struct Track {
    chrome: Chrome,
    token: String,
    case: PublicCase,
    tone: &'static str,
    steps: Vec<Step>,
    lines: Vec<Line>,
    who: Responsible,
    place: String,
    around: Around,
    once: String,
    stars: [Satisfaction; 5],
    link: String,
    qr: Markup,
}

impl Track {
    fn can(&self, action: Action) -> bool {
        self.case.can.contains(&action)
    }

    fn can_reopen(&self) -> bool {
        let in_time = self.case.reopen_until.is_none_or(|until| self.chrome.now < until);
        self.can(Action::Reopen) && (in_time || self.case.state == CaseState::Declined)
    }

    /// What was typed into the form `act`, if that was refused.
    fn typed(&self, act: &str) -> &str {
        if self.around.said.act == act { &self.around.said.text } else { "" }
    }

    /// What is wrong at a field of the form `act`.
    fn wrong(&self, act: &str, field: &str) -> Option<&str> {
        (self.around.said.act == act).then(|| self.around.problems.at(field)).flatten()
    }

    fn report_photos(&self) -> impl Iterator<Item = &read::PhotoView> {
        self.case.photos.iter().filter(|p| !p.work)
    }

    fn work_photos(&self) -> impl Iterator<Item = &read::PhotoView> {
        self.case.photos.iter().filter(|p| p.work)
    }
}

pub(super) async fn page(ctx: &Ctx, token: &str, around: Around) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let case = read::track(&mut ctx.read().await?, token).await?;
    let mut chrome = ctx.chrome("resident-track-title");
    chrome.title.clone_from(&case.title);
    let link = format!("{}/t/{token}", ctx.origin);
    let status = if around.problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Track {
        tone: tone::of(case.state),
        steps: steps(&case, &ctx.locale),
        lines: case.timeline.iter().rev().map(|entry| line(entry, &atlas, &ctx.locale)).collect(),
        who: responsible(&case, &atlas),
        place: atlas.path(&case.area),
        around,
        once: once::fresh(ctx),
        stars: [
            Satisfaction::VeryDissatisfied,
            Satisfaction::Dissatisfied,
            Satisfaction::Mostly,
            Satisfaction::Satisfied,
            Satisfaction::VerySatisfied,
        ],
        qr: qr::drawing(&link, &chrome.t("resident-done-qr"))?,
        link,
        token: token.to_owned(),
        case,
        chrome,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(ctx: Ctx, Path(token): Path<String>, Query(after): Query<After>) -> WebResult {
    ctx.app.limits().check(Purpose::Track, &ctx.source)?;
    let done = after.done.filter(|done| acts::ACTS.contains(&done.as_str()));
    page(&ctx, &token, Around { done, ..Around::default() }).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/t/{token}", Access::Public, show),
        Route::post("/t/{token}", Access::Public, acts::send),
    ]
}
