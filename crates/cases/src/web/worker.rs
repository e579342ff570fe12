//! placeholder
use linli_web::Route;
pub(super) fn routes() -> Vec<Route> {
    Vec::new()
}
