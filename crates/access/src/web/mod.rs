//! Log-in on the web: who asks, whether a route is theirs at all, and the pages of this slice.

mod cookie;
pub mod guard;
pub mod identify;
mod login;
mod setup;

use linli_web::Route;

/// Every page of this slice.
pub fn routes() -> Vec<Route> {
    [login::routes(), setup::routes()].into_iter().flatten().collect()
}
