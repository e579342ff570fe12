//! The interface for what administrators, the auditor and everybody for themselves do on screen. Other systems
//! hold no such rights (`policies/permissions.csv`): it is for programs that act for a person who is logged in.

mod accounts;
mod intake;
mod me;
mod oversight;

use linli_kernel::{Cursor, Error, Result};
use linli_web::{
    Route,
    api::{Operation, document, routes as all_routes},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// Where a page begins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    after: Option<String>,
}

fn cursor(after: Option<&str>) -> Result<Option<Cursor>> {
    match after {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|()| Error::field("after", "error-value")),
    }
}

fn operations() -> Vec<Operation> {
    [accounts::operations(), intake::operations(), me::operations(), oversight::operations()]
        .into_iter()
        .flatten()
        .collect()
}

pub(super) fn routes() -> Vec<Route> {
    all_routes(operations())
}

/// This slice's part of the description.
pub(crate) fn openapi() -> Value {
    document(&operations(), json!({ "Account": accounts::account_schema() }))
}

/// Begins a use case, or answers a repeat.
macro_rules! begin {
    ($ctx:ident, $once:ident) => {{
        let mut op = $ctx.op().await?;
        if let Some(before) = $once.before(&mut op).await? {
            return Ok(before);
        }
        op
    }};
}
use begin;
