//! Log-in on the web: who asks, whether a route is theirs at all, and the pages of this slice.

mod account;
mod accounts;
pub mod admin;
mod api;
mod audit;
mod cookie;
pub mod guard;
pub mod identify;
mod intake;
mod keys;
pub mod live;
mod login;
pub mod me;
mod outbox;
mod setup;

use linli_web::Route;

/// Every page of this slice.
pub fn routes() -> Vec<Route> {
    let parts = [
        login::routes(),
        setup::routes(),
        me::routes(),
        admin::routes(),
        accounts::routes(),
        account::routes(),
        intake::routes(),
        keys::routes(),
        outbox::routes(),
        audit::routes(),
        live::routes(),
        api::routes(),
    ];
    parts.into_iter().flatten().collect()
}

pub(crate) use api::openapi;
