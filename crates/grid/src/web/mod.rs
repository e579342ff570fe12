//! Pages and interfaces of this slice.

mod admin;
pub mod api;
mod manage;
mod manage_imports;

use linli_web::{
    Route,
    api::{Operation, document},
};

fn operations() -> Vec<Operation> {
    let mut all = api::operations();
    all.extend(manage::operations());
    all.extend(manage_imports::operations());
    all
}

/// All routes.
pub(crate) fn routes() -> Vec<Route> {
    let mut routes = linli_web::api::routes(operations());
    routes.extend(admin::routes());
    routes
}

/// This slice's part of the interface description.
pub(crate) fn openapi() -> serde_json::Value {
    document(&operations(), api::schemas())
}
