//! The register on both engines, through the use cases.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod care;
mod claims;
mod codes;
mod entities;
mod exchange;
mod feed;
mod finding;
mod freshness;
mod imports;
mod meetings;
mod mend;
mod pages;
mod people;
mod phones;
mod privacy;
mod rhythm;
mod spots;
mod trust;
mod visits;

use std::sync::Arc;

use linli_access::{Access, Limits, Master, Scope};
use linli_grid::{Area, Atlas, AtlasPort};
use linli_household::{
    app::{self, Named},
    model::{
        BuildingId, BuildingKind, DwellingId, Facts, NewBuilding, NewDwelling, ResidentId, Texts, Usage,
    },
    register::{Home, Put},
};
use linli_kernel::{
    Actor, AreaCode, Clock, Error, Ids, Result, Role,
    actor::{AccountId, OrgId, Post},
};
use linli_store::{District, Op, Ports, migrate::migrate};
use linli_testkit::Scratch;
use uuid::Uuid;

const DISTRICT: &str = "371002";
const STREET: &str = "371002001";
const OTHER_STREET: &str = "371002002";
const COMMUNITY: &str = "371002001001";
const GRID: &str = "371002001001001";
const NEXT_GRID: &str = "371002001001002";
const FAR_GRID: &str = "371002002001001";

/// The example of the standard; its region code belongs to the example.
const ID: &str = "11010519491231002X";
/// No network gives such a number out.
const PHONE: &str = "10000000001";

fn area(code: &str) -> AreaCode {
    code.parse().unwrap()
}

fn atlas() -> Atlas {
    let named = |code: &str, name: &str| Area::named(area(code), name);
    Atlas::new(
        vec![
            named(DISTRICT, "环翠区"),
            named(STREET, "环翠楼街道"),
            named(OTHER_STREET, "鲸园街道"),
            named(COMMUNITY, "塔山社区"),
            named("371002002001", "海滨社区"),
            named(GRID, "第1网格"),
            named(NEXT_GRID, "第2网格"),
            named(FAR_GRID, "第1网格"),
        ],
        vec![],
        vec![],
        vec![],
    )
}

/// A district on a Monday at nine, with the register's tables.
async fn district(scratch: &Scratch) -> Arc<District> {
    district_of(scratch, atlas()).await
}

async fn district_of(scratch: &Scratch, atlas: Atlas) -> Arc<District> {
    let clock = Clock::fixed("2026-11-23T09:00:00+08:00".parse().unwrap());
    let now = clock.now();
    let all = [
        linli_store::MIGRATIONS,
        linli_access::MIGRATIONS,
        linli_grid::MIGRATIONS,
        linli_household::MIGRATIONS,
    ]
    .concat();
    migrate(&scratch.db, &all, now).await.unwrap();
    let ids = Ids::seeded(11);
    let master = Master::read_or_create(&scratch.folder.path().join("master.key"), &ids).unwrap();
    let limits = Limits { hash_memory_kib: 32, hash_passes: 1, ..Limits::default() };
    let access = Access::open(&scratch.db, master, limits, ids, now).await.unwrap();
    Arc::new(District {
        name: "test".into(),
        area: area(DISTRICT),
        prefix: "HC".into(),
        db: scratch.db.clone(),
        clock,
        ids: Ids::seeded(7),
        ports: Ports::default().with(access).with(AtlasPort::new(atlas)),
    })
}

fn actor(role: Role, code: &str) -> Actor {
    let post = Post { role, area: area(code), org: OrgId(Uuid::from_u128(1)) };
    Actor::Account { id: AccountId(Uuid::from_u128(5)), name: "张网格".into(), posts: vec![post] }
}

fn worker() -> Actor {
    actor(Role::GridWorker, GRID)
}

fn secretary() -> Actor {
    actor(Role::CommunitySecretary, COMMUNITY)
}

async fn op(d: &Arc<District>, actor: Actor) -> Op {
    Op::begin(d.clone(), &d.db, actor, "test".into()).await.unwrap()
}

fn scope(d: &District, actor: &Actor, action: &str) -> Scope {
    d.port::<Access>().unwrap().policy.scope(actor, action)
}

fn key<T: std::fmt::Debug>(answer: Result<T>) -> String {
    match answer {
        Err(Error::Conflict(key) | Error::Forbidden(key)) => key.into(),
        Err(Error::NotFound) => "404".into(),
        Err(Error::Invalid(faults)) => faults.into_iter().map(|f| f.key).collect::<Vec<_>>().join(" "),
        other => panic!("{other:?}"),
    }
}

async fn building(d: &Arc<District>, grid: &str, name: &str) -> BuildingId {
    let mut op = op(d, actor(Role::StreetCentre, &grid[..9])).await;
    let new = NewBuilding {
        area: area(grid),
        kind: BuildingKind::Flats,
        place: "锦绣花园".into(),
        name: name.into(),
        point: Some((37.5, 122.1)),
        floors: Some(6),
    };
    let id = app::add_building(&mut op, &new).await.unwrap();
    op.commit().await.unwrap();
    id
}

async fn dwelling(d: &Arc<District>, building: BuildingId, door: &str) -> DwellingId {
    let mut op = op(d, actor(Role::StreetCentre, DISTRICT)).await;
    let new = NewDwelling {
        building,
        unit: Some("2单元".into()),
        floor: None,
        door: door.into(),
        usage: Usage::Own,
        seen: true,
    };
    let id = app::add_dwelling(&mut op, &new).await.unwrap();
    op.commit().await.unwrap();
    id
}

/// A home in `grid`, in a house of its own.
async fn home(d: &Arc<District>, grid: &str, house: &str) -> DwellingId {
    let building = building(d, grid, house).await;
    dwelling(d, building, "501").await
}

fn facts(name: &str, id: &str, phone: &str) -> Facts {
    let texts = Texts { name: name.into(), id_number: id.into(), phone: phone.into(), ..Texts::default() };
    Facts::read(&texts, "2026-11-23T09:00:00+08:00".parse().unwrap()).unwrap()
}

async fn add(d: &Arc<District>, dwelling: DwellingId, facts: &Facts) -> Put {
    let mut op = op(d, actor(Role::StreetCentre, DISTRICT)).await;
    let home = Home { dwelling, household: None };
    let mut named = app::add_resident(&mut op, home, facts, None).await.unwrap();
    if let Named::Lives { home: from, .. } = named {
        named = app::add_resident(&mut op, home, facts, Some(from)).await.unwrap();
    }
    let Named::Here(put) = named else { panic!("{named:?}") };
    op.commit().await.unwrap();
    put
}

/// The activity log's actions, in order.
async fn log(d: &District) -> Vec<String> {
    let rows: Vec<(String,)> =
        d.db.read().await.unwrap().all("SELECT action FROM activity ORDER BY id", vec![]).await.unwrap();
    rows.into_iter().map(|(action,)| action).collect()
}
