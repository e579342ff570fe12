//! The one place that knows every slice: manifests, ports, districts, the router.

use std::sync::Arc;

use axum::{Router, extract::DefaultBodyLimit, middleware};
use linli_access::{
    Access, Master, MasterFault,
    web::{admin::Menu, me::FieldToken},
};
use linli_grid::AtlasPort;
use linli_kernel::{Clock, Ids};
use linli_store::{Blobs, Db, District, Migration, Ports, migrate::migrate, worker::Handlers};
use linli_web::{App, Catalog, Manifest, chrome::NavPort};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

use crate::config::{Config, DistrictConfig};
use crate::{cmd::demo, homes, meetings, nav, readers, requests, retention, topics, visits};

/// Every slice, in the order in which schemas build on each other.
pub fn manifests() -> Vec<Manifest> {
    vec![
        linli_web::manifest(),
        linli_access::manifest(),
        linli_grid::manifest(),
        linli_cases::manifest(),
        linli_household::manifest(),
        linli_insight::manifest(),
        linli_survey::manifest(),
    ]
}

/// All migrations in order.
pub fn migrations() -> Vec<Migration> {
    linli_store::MIGRATIONS.iter().chain(manifests().iter().flat_map(|m| m.migrations)).copied().collect()
}

/// All jobs and event handlers.
pub fn handlers() -> Handlers {
    let slices = manifests();
    linli_store::housekeeping::handlers()
        .into_iter()
        .chain(slices.iter().flat_map(|m| (m.handlers)()))
        .chain(demo::handlers())
        .chain(retention::handlers())
        .collect()
}

/// All texts.
pub fn catalog() -> Result<Catalog, linli_web::i18n::BadTexts> {
    let files: Vec<_> = manifests().iter().flat_map(|m| m.locales).copied().collect();
    Catalog::new(&files)
}

/// The database of one district, as it is.
pub async fn database(settings: &DistrictConfig) -> Result<Db, Box<dyn std::error::Error>> {
    Ok(Db::open(&settings.target()?).await?)
}

/// Opens one district: its database brought up to this program's schema, its keys, its ports.
pub async fn open(
    config: &Config,
    settings: &DistrictConfig,
) -> Result<Arc<District>, Box<dyn std::error::Error>> {
    open_at(config, settings, Clock::System, Ids::from_os()).await
}

/// As [`open`] with a clock and ids of one's own, so that a test can move the time.
pub async fn open_at(
    config: &Config,
    settings: &DistrictConfig,
    clock: Clock,
    ids: Ids,
) -> Result<Arc<District>, Box<dyn std::error::Error>> {
    let db = database(settings).await?;
    let applied = migrate(&db, &migrations(), clock.now()).await?;
    tracing::info!(district = %settings.name, migrations = applied.len(), "database ready");
    let key = config.master_key();
    let master = if config.development { Master::read_or_create(&key, &ids) } else { Master::read(&key) };
    let master = match master {
        Ok(master) => master,
        // Nothing is sealed in a new database: there is no key to bring back, one is to be made.
        Err(MasterFault::Missing(path)) if sealed(&db).await? == 0 => {
            let path = path.display();
            return Err(format!(
                "there is no master key {path} yet; make one for this new district: \
                 (umask 077; openssl rand -hex 32 > {path}), and keep a copy apart from the database's backups"
            )
            .into());
        }
        Err(fault) => return Err(fault.into()),
    };
    let access = Access::open(&db, master, config.access.clone(), Ids::from_os(), clock.now()).await?;
    let atlas = AtlasPort::default();
    atlas.reload(&mut db.read().await?).await?;
    let ports = Ports::default()
        .with(Blobs::open(&config.blobs(&settings.name))?)
        .with(access)
        .with(atlas)
        .with(linli_cases::settings::Rulebooks::default())
        .with(linli_cases::Ledger::default())
        .with(config.reach()?)
        .with(linli_cases::events::ChangesWanted(&[
            linli_cases::events::CHANGED,
            linli_insight::events::CASE_CHANGED,
        ]))
        .with(demo::Plans::default())
        .with(linli_household::events::ChangesWanted)
        .with(linli_household::privacy::request::Desk { open: requests::open, tell: requests::tell })
        .with(linli_household::privacy::Stewards(retention::STEWARDS))
        .with(linli_survey::port::Homes(homes::find))
        .with(linli_survey::port::Called(homes::called))
        .with(FieldToken {
            of: |conn, account, now| Box::pin(linli_survey::tokens::standing(conn, account, now)),
            page: "/surveys/device",
        })
        .with(linli_household::visits::Cases(visits::cases))
        .with(topics::TOPICS)
        .with(NavPort(nav::items))
        .with(Menu(nav::menu))
        .with(nav::places());
    let ports = match config.texting.clone() {
        Some(gateway) => ports.with(gateway.channel(config.reach()?)),
        None => ports,
    };
    let ports = meetings::wire(readers::wire(ports, &config.indexes(&settings.name)));
    let district = Arc::new(District {
        name: settings.name.clone(),
        area: settings.area()?,
        prefix: settings.prefix.clone(),
        db,
        clock,
        ids,
        ports,
    });
    linli_grid::atlas::follow(&district);
    linli_access::keyring::care::follow(&district);
    Ok(district)
}

/// How many keys the database holds that a master key has sealed.
async fn sealed(db: &Db) -> linli_kernel::Result<i64> {
    db.read().await?.scalar("SELECT count(*) FROM data_key", vec![]).await
}

/// The whole service.
pub fn router(app: &App) -> Router {
    let manifests = manifests();
    linli_access::web::guard::routes(&manifests)
        .route("/api/v1/openapi.json", linli_web::openapi::route(&manifests))
        .route("/api", linli_web::openapi::page(&manifests))
        .layer(middleware::from_fn_with_state(app.clone(), linli_access::web::identify::identify))
        .layer(middleware::from_fn_with_state(app.clone(), linli_web::entry::entry))
        .layer(CatchPanicLayer::new())
        .layer(CompressionLayer::new())
        // `entry` has limits of its own, which know what kind of request it is.
        .layer(DefaultBodyLimit::disable())
        .with_state(app.clone())
}
