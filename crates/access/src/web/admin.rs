//! `/admin`: what this administrator may do, and nothing else.

use askama::Template;
use axum::response::IntoResponse;
use linli_web::{Access as Wanted, Chrome, Ctx, NavItem, Route, WebResult};

/// The entries of `/admin` for a person; the binary fills it, because it knows every slice's pages.
pub struct Menu(pub fn(&Ctx) -> Vec<NavItem>);

#[derive(Template)]
#[template(path = "access/admin.html")]
struct AdminPage {
    chrome: Chrome,
    items: Vec<NavItem>,
}

async fn show(ctx: Ctx) -> WebResult {
    let items = ctx.district.ports.get::<Menu>().map_or_else(Vec::new, |menu| (menu.0)(&ctx));
    Ok(ctx.page(&AdminPage { chrome: ctx.chrome("nav-admin"), items })?.into_response())
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/admin", Wanted::May("account.list"), show)]
}
