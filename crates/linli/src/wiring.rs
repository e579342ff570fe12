//! The one place that knows every slice: manifests, ports, districts, the router.

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware};
use linli_kernel::{Clock, Ids};
use linli_store::{Blobs, Db, District, Migration, Ports, worker::Handlers};
use linli_web::{App, Catalog, Manifest};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, limit::RequestBodyLimitLayer};

use crate::config::{Config, DistrictConfig};

/// The largest request: a form with nine photos, or an import file.
const BODY_LIMIT: usize = 128 * 1024 * 1024;

/// Every slice, in the order in which schemas build on each other.
pub fn manifests() -> Vec<Manifest> {
    vec![linli_web::manifest()]
}

/// All migrations in order.
pub fn migrations() -> Vec<Migration> {
    linli_store::MIGRATIONS.iter().chain(manifests().iter().flat_map(|m| m.migrations)).copied().collect()
}

/// All jobs and event handlers.
pub fn handlers() -> Handlers {
    manifests().iter().flat_map(|m| (m.handlers)()).collect()
}

/// All texts.
pub fn catalog() -> Result<Catalog, linli_web::i18n::BadTexts> {
    let files: Vec<_> = manifests().iter().flat_map(|m| m.locales).copied().collect();
    Catalog::new(&files)
}

/// Opens one district.
pub async fn open(
    config: &Config,
    district: &DistrictConfig,
) -> Result<Arc<District>, Box<dyn std::error::Error>> {
    let db = Db::open(&district.target()?).await?;
    let ports = Ports::default().with(Blobs::open(&config.blobs(&district.name))?);
    Ok(Arc::new(District {
        name: district.name.clone(),
        area: district.area()?,
        prefix: district.prefix.clone(),
        db,
        clock: Clock::System,
        ids: Ids::from_os(),
        ports,
    }))
}

/// The whole service.
pub fn router(app: &App) -> Router {
    let mut router = Router::new();
    for manifest in manifests() {
        for route in (manifest.routes)() {
            router = router.route(route.path, route.handler);
        }
    }
    router
        .layer(middleware::from_fn_with_state(app.clone(), linli_web::entry::entry))
        .layer(CatchPanicLayer::new())
        .layer(CompressionLayer::new())
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        .with_state(app.clone())
}
