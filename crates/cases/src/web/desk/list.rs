//! `/desk/cases`: search, filters in the address and saved by name, sorting, pages.

use askama::Template;
use axum::{
    extract::Query,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use linli_access::Scope;
use linli_kernel::{Cursor, Error, percent};
use linli_web::{Access, Chrome, Ctx, Route, WebResult};
use serde::Deserialize;

use super::{
    acts, bulk,
    forms::{Choice, Group},
    lists,
    room::{Room, chrome, page, said},
    view::Line,
    wanted::{ANY, Wanted},
};
use crate::{
    app::bookmarks::{self, Bookmark},
    model::{CaseState, Source, WhistleLevel},
    read::{self, AskKind, UNCATEGORISED},
};

const PAGE: usize = 50;

struct Select {
    name: &'static str,
    label: String,
    groups: Vec<Group>,
}

fn selects(ctx: &Ctx, room: &Room, scope: &Scope, wanted: &Wanted) -> Vec<Select> {
    let l = &ctx.locale;
    let plain = |choices: Vec<Choice>| vec![Group { label: String::new(), choices }];
    let select = |name, label: &str, groups, chosen: &str| Select {
        name,
        label: l.t(label),
        groups: lists::choose(l, groups, chosen),
    };
    let open = vec![Choice::new("yes", l.t("desk-open-only"))];
    let asks = AskKind::ALL.iter().map(|a| Choice::new(a.as_str(), l.t(&format!("desk-ask-{a}"))));
    vec![
        select("open", "desk-filter-open", plain(open), &wanted.open),
        select("state", "desk-state", plain(acts::words(l, "state", CaseState::ALL)), &wanted.state),
        select(
            "whistle",
            "desk-field-whistle",
            plain(acts::words(l, "whistle", WhistleLevel::ALL)),
            &wanted.whistle,
        ),
        select("source", "desk-filter-source", plain(acts::words(l, "source", Source::ALL)), &wanted.source),
        select("area", "desk-place", lists::scope_places(&room.atlas, scope), &wanted.area),
        select("lead", "desk-field-lead", lists::scope_orgs(&room.atlas, l, scope), &wanted.lead),
        select("category", "desk-field-category", lists::branches(&room.atlas), &wanted.category),
        select("ask", "desk-filter-ask", plain(asks.collect()), &wanted.ask),
    ]
}

/// The active conditions as words, each with the address that leaves it out.
fn chips(ctx: &Ctx, room: &Room, wanted: &Wanted) -> Vec<(String, String)> {
    let l = &ctx.locale;
    let named = |name: &str, value: &str| -> String {
        match name {
            "ask" if value == ANY => l.t("desk-stat-asks"),
            "state" | "whistle" | "source" | "ask" => l.t(&format!("desk-{name}-{value}")),
            "area" => value.parse().map_or_else(|_| value.to_owned(), |code| room.atlas.path(&code)),
            "lead" => {
                value.parse().map_or_else(|_| value.to_owned(), |id| room.atlas.org_name(id).to_owned())
            }
            "category" if value == UNCATEGORISED => l.t("desk-uncategorised"),
            "category" => room.atlas.category_path(value),
            "no_finer" => l.t("desk-no-finer"),
            "urgent" => l.t("desk-urgent"),
            "overdue" if value == "soon" => l.t("desk-stat-soon"),
            "overdue" => l.t("desk-only-overdue"),
            "fact" => l.t(&format!("desk-counted-{value}")),
            "ended_from" => l.t_with("desk-ended-from", &[("day", value.to_owned())]),
            "ended_to" => l.t_with("desk-ended-to", &[("day", value.to_owned())]),
            "open" => l.t("desk-open-only"),
            "ended" => l.t("desk-state-closed"),
            "from" => format!("{} {value}", l.t("desk-from")),
            "to" => format!("{} {value}", l.t("desk-to")),
            _ => value.to_owned(),
        }
    };
    let active = wanted.fields().into_iter().filter(|(_, value)| !value.trim().is_empty());
    active.map(|(name, value)| (named(name, value.trim()), wanted.query(name))).collect()
}

struct Shown {
    text: String,
    from: String,
    to: String,
    urgent: bool,
    overdue: bool,
    empty: bool,
}

impl Shown {
    fn is_empty(&self) -> bool {
        self.empty
    }
}

#[derive(Template)]
#[template(path = "desk/list.html")]
struct ListPage {
    chrome: Chrome,
    filter: Shown,
    selects: Vec<Select>,
    chips: Vec<(String, String)>,
    saved: Vec<Bookmark>,
    query: String,
    rows: Vec<Line>,
    /// How many there are in all.
    count: String,
    next: Option<String>,
    by_due: bool,
    sort_due: String,
    sort_new: String,
    bulk: Vec<Choice>,
    may_export: bool,
    done: String,
}

async fn show(ctx: Ctx, Query(wanted): Query<Wanted>) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let scope = room.scope(&ctx, "case.list");
    let filter = wanted.filter(&ctx, &room.access)?;
    let after: Option<Cursor> = wanted.after.parse().ok();
    let found =
        read::found(&mut room.conn, &ctx.district, (&scope, &filter), wanted.sort(), after, PAGE).await?;
    let (found, all) = (found.page, found.all);
    // A whole number that finds one case opens it, as a dispatcher on the phone expects.
    if let [only] = found.items.as_slice()
        && after.is_none()
        && wanted.text.trim().parse::<crate::model::CaseNumber>().is_ok()
    {
        return Ok(Redirect::to(&format!("/desk/cases/{}", only.id)).into_response());
    }
    let query = wanted.query("");
    let plain = wanted.query("sort");
    let template = ListPage {
        chrome: chrome(&ctx, &room, "desk-cases"),
        filter: Shown {
            text: wanted.text.trim().to_owned(),
            from: wanted.from.clone(),
            to: wanted.to.clone(),
            urgent: !wanted.urgent.is_empty(),
            overdue: !wanted.overdue.is_empty(),
            empty: wanted.is_empty(),
        },
        selects: selects(&ctx, &room, &scope, &wanted),
        chips: chips(&ctx, &room, &wanted),
        saved: bookmarks::all(&mut room.conn, &ctx.actor).await?,
        rows: found.items.iter().map(|row| Line::of(&ctx, &room, row)).collect(),
        count: ctx.locale.t_with("desk-found", &[("n", all.to_string())]),
        next: found.next.map(|next| format!("{query}&after={next}")),
        by_due: wanted.by_due(),
        sort_due: format!("{plain}&sort=due"),
        sort_new: plain,
        bulk: bulk::choices(&ctx, &room),
        may_export: room.may(&ctx, "case.export"),
        done: said(&ctx, &wanted.done),
        query,
    };
    page(&ctx, StatusCode::OK, &template)
}

#[derive(Deserialize)]
struct Keep {
    #[serde(default)]
    name: String,
    #[serde(default)]
    drop: String,
    #[serde(default)]
    query: String,
}

/// Keeps or forgets a filter.
async fn keep(ctx: Ctx, axum::Form(form): axum::Form<Keep>) -> WebResult<Response> {
    // Only what our own list understands is kept, never a foreign address.
    let query = Wanted::of(&form.query).query("");
    let mut op = ctx.op().await?;
    let done = if form.drop.is_empty() {
        bookmarks::keep(&mut op, &form.name, query.clone()).await?;
        "filter"
    } else {
        match bookmarks::forget(&mut op, &form.drop).await {
            // Another page of the same person was faster.
            Ok(()) | Err(Error::NotFound) => "filter_drop",
            Err(error) => return Err(error.into()),
        }
    };
    op.commit().await?;
    let and = if query.is_empty() { "" } else { "&" };
    Ok(Redirect::to(&format!("/desk/cases?{query}{and}done={}", percent(done, b""))).into_response())
}

pub(super) fn routes() -> Vec<Route> {
    let list = Access::May("case.list");
    vec![Route::get("/desk/cases", list, show), Route::post("/desk/cases/filters", list, keep)]
}
