//! Pages of the hotline's desk and of webhooks.

pub(super) mod export;
pub(super) mod imports;
pub(super) mod upload;
mod webhooks;

use linli_web::Route;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = imports::routes();
    routes.extend(webhooks::routes());
    routes
}
