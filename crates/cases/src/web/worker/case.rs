//! One case on the phone: what was told, what to do next, everything that happened.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::IntoResponse,
};
use linli_access::Access as AccessPort;
use linli_web::{Access, Chrome, Ctx, Markup, Problems, Route, WebResult, once};
use serde::Deserialize;

use super::{Desk, act, clock, scope};
use crate::{
    app::{self, Contact, ReporterView},
    model::{Action, CaseId, CaseState, WhistleLevel},
    read::{self, Detail},
    settings::Rulebooks,
    web::tone,
};

/// A line of the timeline.
struct Line {
    at: String,
    iso: String,
    text: String,
    note: Option<String>,
    reply: Option<String>,
    inner: bool,
    photos: Vec<String>,
}

/// What stands around the case: what was just done, what was wrong, a contact shown once.
#[derive(Default)]
pub(super) struct Around {
    pub(super) typed: act::Typed,
    pub(super) problems: Problems,
    /// Why it was refused.
    pub(super) trouble: Option<String>,
    pub(super) done: Option<String>,
    pub(super) contact: Option<Contact>,
}

#[derive(Template)]
#[template(path = "worker/case.html")]
struct Page {
    chrome: Chrome,
    detail: Detail,
    clock: Option<Markup>,
    tone: &'static str,
    place: String,
    lead: String,
    category: Option<String>,
    reporter: ReporterView,
    can: Vec<Action>,
    lines: Vec<Line>,
    around: Around,
    once: String,
}

/// A small form with one field, behind its own heading.
struct Extra {
    act: &'static str,
    icon: &'static str,
    class: &'static str,
    photos: bool,
    /// It was refused and shows itself again.
    open: bool,
}

impl Page {
    /// The other things that can be done now, the weightiest first.
    fn extras(&self) -> Vec<Extra> {
        [
            ("whistle", "whistle", "primary", self.can(Action::BlowJoint)),
            ("pass", "return", "", self.can(Action::RequestReturn)),
            ("ask", "info", "", self.can(Action::AskReporter)),
            ("urgent", "flame", "danger", self.can(Action::FlagUrgent)),
            ("note", "edit", "", self.can(Action::Note)),
        ]
        .into_iter()
        .filter(|(.., can)| *can)
        .map(|(act, icon, class, _)| Extra {
            act,
            icon,
            class,
            photos: act == "note",
            open: self.around.typed.act == act,
        })
        .collect()
    }

    fn can(&self, action: Action) -> bool {
        self.can.contains(&action)
    }

    /// The grid answers its own regular whistle; hands are called by the secretary or by the clock.
    fn answers_alone(&self) -> bool {
        self.detail.row.whistle == WhistleLevel::Regular && self.can_finish() && !self.can(Action::BlowJoint)
    }

    /// It can be brought to its end from here in one go.
    fn can_finish(&self) -> bool {
        let begin = matches!(
            self.detail.row.state,
            CaseState::Reported | CaseState::Filed | CaseState::Assigned | CaseState::Reopened
        );
        // What was typed for a refused one is shown again, whatever has happened since.
        let typed = self.around.typed.act == "resolve";
        typed || self.can(Action::Resolve) || (begin && (self.can(Action::Accept) || self.can(Action::File)))
    }

    fn typed(&self, act: &str) -> &str {
        if self.around.typed.act == act { &self.around.typed.text } else { "" }
    }

    fn wrong(&self, act: &str, field: &str) -> Option<&str> {
        (self.around.typed.act == act).then(|| self.around.problems.at(field)).flatten()
    }
}

fn lines(detail: &Detail, desk: &Desk, ctx: &Ctx) -> Vec<Line> {
    let line = |entry: &read::EntryView| {
        let org = entry.org.map(|org| desk.atlas.org_name(org));
        let who = match (org, entry.name.as_str()) {
            (Some(org), "") => org.to_owned(),
            (Some(org), name) => format!("{org} {name}"),
            (None, "") => ctx.locale.t("worker-reporter"),
            (None, name) => name.to_owned(),
        };
        let lead = entry.facts.get("lead").and_then(|id| id.parse().ok());
        let lead = lead.map(|id| desk.atlas.org_name(linli_kernel::actor::OrgId(id)).to_owned());
        let args = [("org", who), ("lead", lead.unwrap_or_default())];
        Line {
            at: ctx.locale.time(entry.at),
            iso: entry.at.rfc3339(),
            text: ctx.locale.t_with(&format!("worker-did-{}", entry.action), &args),
            note: entry.note.clone(),
            reply: entry.facts.get("reply").cloned(),
            inner: !entry.words_are_public(),
            photos: detail.photos_of(entry.seq).map(|p| p.id.to_string()).collect(),
        }
    };
    detail.timeline.iter().rev().map(line).collect()
}

pub(super) async fn page(ctx: &Ctx, id: CaseId, around: Around, status: StatusCode) -> WebResult {
    let desk = Desk::of(ctx)?;
    let access = ctx.district.port::<AccessPort>()?;
    let mut conn = ctx.read().await?;
    let book = ctx.district.port::<Rulebooks>()?.get(&mut conn).await?;
    let detail = read::detail(&mut conn, &scope(ctx, "case.read")?, id).await?;
    drop(conn);
    let mut chrome = desk.chrome(ctx, "worker-case-title");
    chrome.title.clone_from(&detail.row.title);
    let page = Page {
        clock: detail.row.clock(&book, ctx.now()).map(|view| clock(ctx, &view)),
        tone: tone::of(detail.row.state),
        place: desk.atlas.path(&detail.row.area),
        lead: desk.atlas.org_name(detail.row.lead).to_owned(),
        category: detail.row.category.as_deref().map(|code| desk.atlas.category_path(code)),
        reporter: detail.reporter(&access, &ctx.actor)?,
        can: app::allowed(&access.policy, &ctx.actor, &detail.case, &book.rules),
        lines: lines(&detail, &desk, ctx),
        once: once::fresh(ctx),
        around,
        detail,
        chrome,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

#[derive(Deserialize)]
struct After {
    done: Option<String>,
}

async fn show(ctx: Ctx, Path(id): Path<CaseId>, Query(after): Query<After>) -> WebResult {
    let done = after.done.filter(|done| act::ACTS.contains(&done.as_str()));
    page(&ctx, id, Around { done, ..Around::default() }, StatusCode::OK).await
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/work/cases/{id}", Access::May("case.read"), show),
        Route::post("/work/cases/{id}", Access::May("case.read"), act::send),
        Route::post("/work/cases/{id}/contact", Access::May("case.read_contact"), act::contact),
    ]
}
