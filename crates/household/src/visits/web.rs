//! `/offline`: the shell that a phone keeps; `/api/v1/offline/…`: what goes down and what comes up; photos.

mod api;
mod shell;

pub(crate) use api::openapi;
use linli_web::{Route, api as interface};

pub(crate) fn routes() -> Vec<Route> {
    interface::routes(api::operations()).into_iter().chain(shell::routes()).collect()
}
