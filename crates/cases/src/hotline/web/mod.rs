//! Pages of the hotline's desk and of webhooks.

mod imports;
mod upload;
mod webhooks;

use linli_web::Route;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = imports::routes();
    routes.extend(webhooks::routes());
    routes
}
