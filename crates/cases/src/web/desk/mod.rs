//! The desks of centres and departments: triage, clocks, decisions, calls, inbox, search, numbers.

mod act;
mod acts;
mod areas;
mod bulk;
mod calendar;
mod case;
mod clock_rules;
mod clocks;
mod commands;
mod export;
mod figures;
mod followups;
mod forms;
mod inbox;
mod list;
mod lists;
mod overview;
mod replies;
mod returns;
mod room;
mod suspended;
#[cfg(test)]
mod texts;
mod timeline;
mod triage;
mod view;
mod wall;
mod wanted;

pub(super) use wanted::Wanted;

use axum::response::Redirect;
use linli_kernel::{Actor, Role};
use linli_web::{Access, Ctx, Route};

/// Each role's own first page.
fn home(actor: &Actor) -> &'static str {
    let is = |role| actor.is(role);
    if is(Role::StreetCentre) || is(Role::DistrictCentre) {
        "/desk/triage"
    } else if is(Role::StreetLeader) {
        "/desk/clocks"
    } else if is(Role::Department) || is(Role::DepartmentLead) {
        "/desk/inbox"
    } else if is(Role::Hotline) {
        "/desk/followups"
    } else if is(Role::GridWorker) || is(Role::CommunitySecretary) {
        "/work"
    } else if is(Role::SystemAdmin) || is(Role::SecurityOfficer) {
        "/admin"
    } else if is(Role::Auditor) {
        "/audit"
    } else {
        "/"
    }
}

async fn first(ctx: Ctx) -> Redirect {
    Redirect::to(home(&ctx.actor))
}

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![Route::get("/desk", Access::LoggedIn, first)];
    for more in [
        triage::routes(),
        clocks::routes(),
        returns::routes(),
        suspended::routes(),
        followups::routes(),
        inbox::routes(),
        case::routes(),
        act::routes(),
        list::routes(),
        bulk::routes(),
        export::routes(),
        overview::routes(),
        wall::routes(),
        areas::routes(),
        clock_rules::routes(),
        calendar::routes(),
        replies::routes(),
    ] {
        routes.extend(more);
    }
    routes
}
