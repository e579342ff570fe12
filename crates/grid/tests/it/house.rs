//! A small district with the base data of the synthetic one.

use std::sync::Arc;

use linli_demo::district::District as Plan;
use linli_grid::{AtlasPort, seed};
use linli_kernel::{Clock, Ids, Timestamp};
use linli_store::{Db, District, Ports, migrate};
use linli_testkit::Scratch;

pub(crate) const AT: Timestamp = Timestamp::from_millis(1_792_000_000_000);

/// An empty district whose tables are there.
pub(crate) async fn district(scratch: &Scratch) -> Arc<District> {
    let migrations: Vec<_> = linli_store::MIGRATIONS.iter().chain(linli_grid::MIGRATIONS).copied().collect();
    migrate::migrate(&scratch.db, &migrations, AT).await.unwrap();
    with(scratch.db.clone())
}

fn with(db: Db) -> Arc<District> {
    Arc::new(District {
        name: "huancui".to_owned(),
        area: "371002".parse().unwrap(),
        prefix: "HC".to_owned(),
        db,
        clock: Clock::fixed(AT),
        ids: Ids::seeded(7),
        ports: Ports::default().with(AtlasPort::default()),
    })
}

/// The plan that every seed of these tests uses.
pub(crate) fn plan() -> Plan {
    Plan::generate(7, 0.01).unwrap()
}

/// Writes the whole base and loads it.
pub(crate) async fn settled(scratch: &Scratch) -> Arc<District> {
    let district = district(scratch).await;
    let mut op = district.op("test").await.unwrap();
    seed::write(&mut op, &linli_demo::land(&plan())).await.unwrap();
    op.commit().await.unwrap();
    reload(&district).await;
    district
}

pub(crate) async fn reload(district: &District) {
    let mut conn = district.db.read().await.unwrap();
    district.port::<AtlasPort>().unwrap().reload(&mut conn).await.unwrap();
}
