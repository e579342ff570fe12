//! `/desk/triage`: queue | case | decision. One key files, classifies, whistles and dispatches.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::Response,
};
use linli_kernel::{Cursor, Error, Result, Role, actor::OrgId};
use linli_store::idempotency;
use linli_web::{Access, Chrome, Ctx, Markup, Route, WebResult, markup::escaped};
use serde::Deserialize;

use super::{
    act::{self, Sent},
    acts::{self, Around},
    case::{self, CaseView},
    forms::{Choice, Field, Fill, Form, Group, Typed},
    proposal::{Proposal, Twin, proposal, proposed, twin},
    room::{Beside, Room, back_to, chrome, page, said},
    view::Line,
};
use crate::{
    app::{self, TriageDecision},
    model::{Action, CaseId, CaseState, Level, Source, WhistleLevel},
    read::{self, Filter, Sort, Suggestion},
};

const PAGE: usize = 40;

/// Which part of the queue is looked at.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    f: String,
    after: Option<String>,
    case: Option<CaseId>,
    done: Option<String>,
}

/// The same, read from the address to which a form leads back.
pub(super) fn asked_in(back: &str) -> Asked {
    let query = back.split_once('?').map_or("", |(_, query)| query);
    let f = query.split('&').find_map(|p| p.strip_prefix("f=")).unwrap_or_default();
    Asked { f: part(f).to_owned(), ..Asked::default() }
}

const PARTS: [&str; 4] = ["new", "dispatch", "hotline", "urgent"];

fn part(f: &str) -> &'static str {
    PARTS.iter().find(|p| **p == f).copied().unwrap_or("new")
}

/// What stands in the queue: a grid answers its own regular whistle, so that is not in it.
fn filter(ctx: &Ctx, part: &str) -> Filter {
    let fresh = Filter { states: vec![CaseState::Reported], ..Filter::default() };
    match part {
        "dispatch" => {
            let level = if ctx.actor.is(Role::DistrictCentre) { Level::District } else { Level::Street };
            let states = vec![CaseState::Filed, CaseState::Reopened];
            Filter { states, level: Some(level), ..Filter::default() }
        }
        "hotline" => Filter { source: Some(Source::Hotline), ..fresh },
        "urgent" => Filter {
            states: vec![CaseState::Reported, CaseState::Filed, CaseState::Reopened],
            urgent: true,
            ..Filter::default()
        },
        _ => fresh,
    }
}

struct Queue {
    head: String,
    lines: Vec<Line>,
    next: Option<String>,
    choices: Vec<Choice>,
    /// For the fragment that renews the queue.
    query: String,
    /// For links within it.
    suffix: String,
}

async fn queue(ctx: &Ctx, room: &mut Room, asked: &Asked, current: Option<CaseId>) -> Result<Queue> {
    let scope = room.scope(ctx, "board.view");
    let wanted = part(&asked.f);
    let after: Option<Cursor> = asked.after.as_ref().and_then(|a| a.parse().ok());
    let page = read::page(&mut room.conn, &scope, &filter(ctx, wanted), Sort::NextDue, after, PAGE).await?;
    let mut lines: Vec<Line> = page.items.iter().map(|row| Line::of(ctx, room, row)).collect();
    for line in &mut lines {
        line.current = Some(line.id) == current;
    }
    let key = if page.next.is_some() { "desk-triage-head-many" } else { "desk-triage-head" };
    let choices = PARTS
        .iter()
        .map(|p| Choice {
            chosen: *p == wanted,
            ..Choice::new(*p, ctx.locale.t(&format!("desk-filter-{p}")))
        })
        .collect();
    let mut query = format!("?f={wanted}");
    if let Some(after) = after {
        query = format!("{query}&after={after}");
    }
    if let Some(id) = current {
        query = format!("{query}&case={id}");
    }
    Ok(Queue {
        head: ctx.locale.t_with(key, &[("n", lines.len().to_string())]),
        lines,
        next: page.next,
        choices,
        query,
        suffix: format!("&f={wanted}"),
    })
}

struct Decision {
    url: String,
    /// Where the place that the text names is confirmed.
    locate: String,
    once: String,
    trouble: String,
    fields: Vec<Field>,
    suggestion: Option<Proposal>,
    accept: Vec<(&'static str, String)>,
}

impl Decision {
    fn errors(&self) -> Vec<&Field> {
        self.fields.iter().filter(|f| f.is_wrong()).collect()
    }

    /// The suggestion as hidden fields of its own small form.
    fn accept_fields(&self) -> Markup {
        let html = self.accept.iter().fold(String::new(), |html, (name, value)| {
            format!("{html}<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value))
        });
        Markup::trusted(html)
    }
}

/// The decision of the third pane: prefilled with what is known, then with what is suggested.
fn decision(around: &Around<'_>, proposed: &Suggestion, proposal: Proposal, beside: &Beside) -> Decision {
    let locale = around.locale;
    let refused = beside.refused.as_ref().filter(|(action, ..)| *action == Action::Dispatch);
    let fill = Fill {
        locale,
        prefix: "decide".to_owned(),
        typed: refused.map(|(_, typed, ..)| typed),
        problems: refused.map(|(_, _, problems, _)| problems),
    };
    let case = around.case;
    let whistle = proposed.whistle.max(case.whistle);
    let mut levels = acts::words(locale, "whistle", WhistleLevel::ALL);
    for (choice, key) in levels.iter_mut().zip(["1", "2", "3"]) {
        choice.key = key;
    }
    let category = case.category.clone().or_else(|| proposed.category.clone()).unwrap_or_default();
    let lead = proposed.lead.unwrap_or(case.lead).to_string();
    let mut orgs = around.orgs.clone();
    orgs.insert(0, acts::none(locale));
    let mut categories: Vec<Group> = around.categories.clone();
    categories.insert(0, acts::none(locale));
    let mut fields = vec![
        fill.radio("whistle", "desk-field-whistle", levels, whistle.as_str()),
        fill.pick("category", "desk-field-category", categories, &category).optional(),
        fill.pick("lead", "desk-field-lead", orgs.clone(), &lead),
    ];
    fields.extend(acts::assisting(&fill, &orgs, &proposed.assisting));
    fields.push(fill.maybe_lines("note", "desk-field-note-org").hint(locale.t("desk-hint-internal")));
    let mut accept = vec![
        ("idempotency_key", format!("{}-accept", around.once)),
        ("back", around.back.clone()),
        ("whistle", whistle.to_string()),
        ("category", proposed.category.clone().unwrap_or_default()),
        ("lead", lead),
    ];
    accept.extend(proposed.assisting.iter().map(|org| ("assisting", org.to_string())));
    Decision {
        url: format!("/desk/triage/{}", case.id),
        once: format!("{}-decide", around.once),
        trouble: refused.map(|(.., trouble)| trouble.clone()).unwrap_or_default(),
        fields,
        locate: format!("/desk/cases/{}/act/{}", case.id, Action::Locate),
        suggestion: proposed.lead.is_some().then_some(proposal),
        accept,
    }
}

#[derive(Template)]
#[template(path = "desk/triage.html")]
struct TriagePage {
    chrome: Chrome,
    queue: Queue,
    view: Option<CaseView>,
    /// Somebody chose this case; on a phone it then fills the screen.
    chosen: bool,
    similar: Vec<Twin>,
    decision: Option<Decision>,
    more: Vec<Form>,
    back: String,
    done: String,
    trouble: String,
}

/// Whether the case still waits for this desk.
fn waits(allowed: &[Action], state: CaseState, may_dispatch: bool) -> bool {
    match state {
        CaseState::Reported => may_dispatch && allowed.contains(&Action::File),
        CaseState::Filed | CaseState::Reopened => allowed.contains(&Action::Dispatch),
        _ => false,
    }
}

/// The board with one case on it, or the first of the queue.
pub(super) async fn render(ctx: &Ctx, asked: Asked, chosen: Option<CaseId>, beside: Beside) -> WebResult {
    let mut room = Room::enter(ctx).await?;
    let mut queue = queue(ctx, &mut room, &asked, chosen).await?;
    let back = format!("/desk/triage?f={}", part(&asked.f));
    let current = chosen.or_else(|| queue.lines.first().map(|l| l.id));
    let mut board = TriagePage {
        chrome: chrome(ctx, &room, "desk-triage"),
        view: None,
        chosen: chosen.is_some(),
        similar: Vec::new(),
        decision: None,
        more: Vec::new(),
        back: back.clone(),
        done: said(ctx, &beside.done),
        trouble: String::new(),
        queue: Queue {
            head: String::new(),
            lines: Vec::new(),
            next: None,
            choices: Vec::new(),
            query: String::new(),
            suffix: String::new(),
        },
    };
    if let Some(id) = current {
        for line in &mut queue.lines {
            line.current = line.id == id;
        }
        if chosen.is_none() {
            queue.query = format!("{}&case={id}", queue.query);
        }
        let scope = room.scope(ctx, "case.read");
        let detail = read::detail(&mut room.conn, &scope, id).await?;
        let guess = read::suggest_for(&mut room.conn, &ctx.district, &scope, id).await?;
        let (proposed, sure) = proposed(&room, &detail.case, guess);
        let twins = read::similar(&mut room.conn, &ctx.district, &scope, id).await?;
        let view = case::view(ctx, &room, &detail, &beside)?;
        let around = case::around(ctx, &mut room, &detail.case, &beside, back.clone()).await?;
        let allowed = case::allowed(ctx, &room, &detail.case);
        board.similar = twins.into_iter().map(|s| twin(ctx, &room, &view.line, s)).collect();
        if waits(&allowed, detail.case.state, room.may(ctx, "case.dispatch")) {
            let proposal = proposal(ctx, &room, &proposed, sure, &detail.case);
            board.decision = Some(decision(&around, &proposed, proposal, &beside));
        }
        let (first, more) = acts::forms(&around, &allowed);
        board.more =
            first.into_iter().chain(more).filter(|f| belongs(&f.id)).map(|f| at_board(f, id)).collect();
        let mut shown: Vec<&Form> = board.more.iter().collect();
        let own = board.decision.as_ref().map(|d| dispatch_form(d, &back));
        shown.extend(own.as_ref());
        board.trouble = case::trouble(&beside, &shown);
        board.view = Some(view);
    }
    board.queue = queue;
    page(ctx, beside.status(), &board)
}

/// Stands for the decision where only its name matters.
fn dispatch_form(decision: &Decision, back: &str) -> Form {
    Form {
        id: format!("act-{}", Action::Dispatch),
        url: decision.url.clone(),
        title: String::new(),
        hint: String::new(),
        submit: String::new(),
        icon: "",
        tone: "",
        shortcut: "",
        fields: Vec::new(),
        open: false,
        trouble: String::new(),
        back: back.to_owned(),
        once: String::new(),
    }
}

/// What a dispatcher does beside dispatching.
fn belongs(id: &str) -> bool {
    [
        Action::Decline,
        Action::Merge,
        Action::Locate,
        Action::ConfirmUrgent,
        Action::ClearUrgent,
        Action::FlagUrgent,
        Action::HideIdentity,
        Action::File,
        Action::Note,
        Action::Comment,
    ]
    .iter()
    .any(|a| id == format!("act-{a}"))
}

/// What leaves the case in the queue leads back to it; what takes it out leads to the next.
fn at_board(mut form: Form, id: CaseId) -> Form {
    form.shortcut = "";
    form.open = form.open && !form.trouble.is_empty() || !form.errors().is_empty();
    if form.tone == "primary" {
        form.tone = "";
    }
    let leaves = [Action::Decline, Action::Merge].iter().any(|a| form.id == format!("act-{a}"));
    if !leaves {
        form.back = format!("{}&case={id}", form.back);
    }
    form
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let (chosen, done) = (asked.case, asked.done.clone());
    render(&ctx, asked, chosen, Beside::done(done)).await
}

#[derive(Template)]
#[template(path = "desk/triage_queue.html")]
struct QueuePiece {
    chrome: Chrome,
    queue: Queue,
}

async fn fragment(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let current = asked.case;
    let queue = queue(&ctx, &mut room, &asked, current).await?;
    page(&ctx, StatusCode::OK, &QueuePiece { chrome: chrome(&ctx, &room, "desk-triage"), queue })
}

fn read_decision(typed: &Typed) -> Result<TriageDecision> {
    let mut check = linli_kernel::error::Check::new();
    let choose = "desk-error-choose";
    let whistle = check.parse("whistle", choose, typed.get("whistle").parse::<WhistleLevel>().ok());
    let lead = check.parse("lead", choose, typed.get("lead").trim().parse::<OrgId>().ok());
    check.done()?;
    let (Some(whistle), Some(lead)) = (whistle, lead) else { return Err(Error::field("lead", choose)) };
    let mut assisting: Vec<OrgId> = Vec::new();
    for org in typed.all("assisting").iter().filter_map(|text| text.parse().ok()) {
        if org != lead && !assisting.contains(&org) {
            assisting.push(org);
        }
    }
    Ok(TriageDecision {
        category: typed.some("category").map(str::to_owned),
        whistle,
        lead,
        assisting,
        note: typed.some("note").map(str::to_owned),
    })
}

async fn run(ctx: &Ctx, id: CaseId, typed: &Typed) -> Result<()> {
    let decision = read_decision(typed)?;
    let mut op = ctx.op().await?;
    let (again, key) = act::repeated(ctx, &mut op, typed).await?;
    if again {
        return Ok(());
    }
    app::triage(&mut op, id, decision).await?;
    if let Some(key) = key {
        idempotency::keep(&mut op.tx, &key, 303, "").await?;
    }
    op.commit().await
}

async fn decide(ctx: Ctx, Path(id): Path<CaseId>, sent: Sent) -> WebResult<Response> {
    let back = linli_web::prefs::local(sent.typed.some("back").or(Some("/desk/triage")));
    match run(&ctx, id, &sent.typed).await {
        Ok(()) => Ok(back_to(&back, "triage")),
        Err(error) => {
            let beside = act::refusal(&ctx, id, Action::Dispatch, sent.typed, error).await?;
            render(&ctx, asked_in(&back), Some(id), beside).await
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    let view = Access::May("board.view");
    vec![
        Route::get("/desk/triage", view, show),
        Route::get("/desk/triage/queue", view, fragment),
        Route::post("/desk/triage/{id}", Access::May("case.dispatch"), decide),
    ]
}
