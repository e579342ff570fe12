//! Pages: hot issues for the centres, models and names of places for the administrator.

mod hot;
mod models;
mod places;

use linli_access::{Access, Scope};
use linli_kernel::Result;
use linli_web::{Ctx, Route, api::document};
use serde_json::{Value, json};

/// What this slice answers to.
pub fn routes() -> Vec<Route> {
    [hot::routes(), models::routes(), places::routes(), linli_web::api::routes(hot::operations())]
        .into_iter()
        .flatten()
        .collect()
}

/// This slice's part of the interface description.
pub(crate) fn openapi() -> Value {
    document(&hot::operations(), json!({}))
}

/// Where this person may do `action`.
fn scope(ctx: &Ctx, action: &str) -> Result<Scope> {
    Ok(ctx.district.port::<Access>()?.policy.scope(&ctx.actor, action))
}

/// A count of hundredths as people read it: `12.3`.
fn one_digit(n: f64) -> String {
    format!("{n:.1}")
}

/// A share in per cent with one digit.
fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}
