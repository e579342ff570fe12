//! Pages for residents: no account, no words that need explaining, at most four taps to report.

mod acts;
mod card;
mod done;
pub(in crate::web) mod find;
mod home;
mod memory;
mod place;
mod report;
mod track;

use linli_web::Route;

pub(super) fn routes() -> Vec<Route> {
    [home::routes(), report::routes(), done::routes(), track::routes(), find::routes(), place::routes()]
        .into_iter()
        .flatten()
        .collect()
}
