//! The interface for other systems: `/api/v1/cases`. The pages' use cases, in JSON.

mod cases;
mod command;
mod desk;
mod export;
mod filters;
mod query;
mod receipts;
mod reports;
mod schemas;
mod settings;
mod tracking;

use linli_access::Scope;
use linli_kernel::{Result, actor::OrgId};
use linli_web::{
    Ctx, Route,
    api::{self, Operation},
};
use serde_json::Value;

use crate::{model::CaseId, read};

fn scope(ctx: &Ctx, action: &str) -> Result<Scope> {
    api::counted(ctx)?;
    Ok(ctx.district.port::<linli_access::Access>()?.policy.scope(&ctx.actor, action))
}

/// A case by its id or by its number.
async fn find(ctx: &Ctx, scope: &Scope, name: &str) -> Result<CaseId> {
    match name.parse() {
        Ok(id) => Ok(id),
        Err(_) => read::id_by_number(&mut ctx.read().await?, scope, name).await,
    }
}

/// The organisations in which somebody holds a post.
fn own_orgs(ctx: &Ctx) -> Vec<OrgId> {
    ctx.actor.posts().iter().map(|post| post.org).collect()
}

fn operations() -> Vec<Operation> {
    [
        cases::operations(),
        reports::operations(),
        filters::operations(),
        desk::operations(),
        tracking::operations(),
        settings::operations(),
    ]
    .into_iter()
    .flatten()
    .chain(crate::hotline::operations())
    .collect()
}

pub(super) fn routes() -> Vec<Route> {
    api::routes(operations())
}

/// This slice's part of the OpenAPI document.
pub(crate) fn openapi() -> Value {
    api::document(&operations(), schemas::all())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_reference_leads_somewhere() {
        let manifest = crate::manifest();
        assert_eq!(linli_web::openapi::differences(&manifest), Vec::<String>::new());
        assert_eq!(linli_web::openapi::dangling(&(manifest.openapi)()), Vec::<String>::new());
    }
}
