//! Pages for grid workers and community secretaries on a phone: what breaks next, one case, done.

mod act;
mod case;
mod grid;
mod lists;
mod report;

use std::sync::Arc;

use linli_access::{Access as AccessPort, Scope};
use linli_grid::{Atlas, AtlasPort, OrgKind};
use linli_kernel::{AreaCode, Result, area::AreaLevel};
use linli_web::{Chrome, Ctx, Markup, Route, markup::escaped};

use crate::{
    model::Colour,
    read::CaseRow,
    settings::{ClockView, Rulebook},
};

pub(super) fn routes() -> Vec<Route> {
    [lists::routes(), case::routes(), report::routes(), grid::routes()].into_iter().flatten().collect()
}

/// What every page of a worker needs.
struct Desk {
    atlas: Arc<Atlas>,
    /// Where the worker serves, the smallest first.
    areas: Vec<AreaCode>,
}

impl Desk {
    fn of(ctx: &Ctx) -> Result<Self> {
        let mut areas: Vec<AreaCode> = ctx.actor.posts().iter().map(|p| p.area.clone()).collect();
        areas.sort_by(|a, b| b.level().cmp(&a.level()).then_with(|| a.cmp(b)));
        areas.dedup();
        Ok(Self { atlas: ctx.district.port::<AtlasPort>()?.get(), areas })
    }

    /// The frame, with the place of work beside the seal.
    fn chrome(&self, ctx: &Ctx, title: &str) -> Chrome {
        let mut chrome = ctx.chrome(title);
        let place = |code: &AreaCode| {
            let above = code.parent().filter(|_| code.level() == AreaLevel::Grid);
            let above = above.as_ref().map(|code| self.atlas.name(code)).unwrap_or_default();
            format!("{above}{}", self.atlas.name(code))
        };
        chrome.place = self.areas.first().map(place);
        chrome
    }
}

/// Where this person may do `action`.
fn scope(ctx: &Ctx, action: &str) -> Result<Scope> {
    Ok(ctx.district.port::<AccessPort>()?.policy.scope(&ctx.actor, action))
}

/// A case in a list of the phone.
struct Item {
    id: String,
    title: String,
    /// Where, in few words.
    place: String,
    source: String,
    state: String,
    tone: &'static str,
    /// Who does it, where that is not this grid.
    lead: Option<String>,
    urgent: bool,
    clock: Option<Markup>,
}

fn item(row: &CaseRow, ctx: &Ctx, desk: &Desk, book: &Rulebook) -> Item {
    let place =
        if row.address.is_empty() { desk.atlas.name(&row.area).to_owned() } else { row.address.clone() };
    let own = desk.atlas.org(row.lead).is_some_and(|org| org.kind == OrgKind::Grid);
    Item {
        id: row.id.to_string(),
        title: row.title.clone(),
        place,
        source: ctx.locale.t(&format!("worker-source-{}", row.source)),
        state: ctx.locale.t(&format!("worker-state-{}", row.state)),
        tone: crate::web::tone::of(row.state),
        lead: (!own).then(|| desk.atlas.org_name(row.lead).to_owned()),
        urgent: row.urgent,
        clock: row.clock(book, ctx.now()).map(|view| clock(ctx, &view)),
    }
}

/// A clock that counts on the page; its colour is counted in working time here, not in the browser.
fn clock(ctx: &Ctx, view: &ClockView) -> Markup {
    let state = match (view.ended, view.paused, view.colour) {
        (true, ..) => "done",
        (_, true, _) => "paused",
        (.., Colour::Green) => "green",
        (.., Colour::Amber) => "amber",
        (.., Colour::Red) => "red",
    };
    // An amber clock has been so since before this page; a green one turns amber with the next look.
    let amber = if state == "amber" { ctx.now() } else { view.due }.rfc3339();
    let due = view.due.rfc3339();
    Markup::trusted(format!(
        "<time class=\"clock\" datetime=\"{due}\" data-due=\"{due}\" data-amber=\"{amber}\" data-state=\"{state}\">{}</time>",
        escaped(&ctx.locale.time(view.due))
    ))
}
