//! Cases on both engines, through the use cases.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod asks;
mod counting;
mod desk;
mod hotline;
mod http;
mod jobs;
mod ledger;
mod life;
mod lost;
mod photos;
mod scope;
mod search;
mod together;
mod trust;
mod webhooks;

use std::sync::Arc;

use linli_access::{Access, Limits, Master, Scope};
use linli_cases::{
    Ledger,
    app::{self, NewReport, Proof, Receipt, ReporterInput, TriageDecision},
    model::{CaseId, CaseState, Command, Extent, Nature, Resolution, Source, WhistleLevel},
    settings::Rulebooks,
};
use linli_grid::{Area, Atlas, AtlasPort, Category, Duty, Org, OrgKind};
use linli_kernel::{
    Actor, Clock, Error, Ids, Result, Role, Timestamp,
    actor::{AccountId, OrgId, Post},
};
use linli_store::{Blobs, District, Op, Ports, migrate::migrate, outbox, worker};
use linli_testkit::Scratch;
use uuid::Uuid;

const DISTRICT: &str = "371002";
const STREET: &str = "371002001";
const OTHER_STREET: &str = "371002002";
const GRID: &str = "371002001001001";
const NEXT_GRID: &str = "371002001001002";
const FAR_GRID: &str = "371002002001001";
const WELL: &str = "0101";
const LAMP: &str = "0102";

const CENTRE_ORG: u128 = 1;
const STREET_ORG: u128 = 2;
const OTHER_STREET_ORG: u128 = 3;
const GRID_ORG: u128 = 4;
const NEXT_GRID_ORG: u128 = 5;
const FAR_GRID_ORG: u128 = 6;
const WATER: u128 = 10;
const ROADS: u128 = 11;

const fn org(n: u128) -> OrgId {
    OrgId(Uuid::from_u128(n))
}

fn at(text: &str) -> Timestamp {
    format!("{text}:00+08:00").parse().unwrap()
}

fn atlas() -> Atlas {
    let area = |code: &str, name: &str| Area::named(code.parse().unwrap(), name);
    let team = |n: u128, kind: OrgKind, code: &str, name: &str| Org {
        id: org(n),
        code: format!("org-{n}"),
        name: name.into(),
        short: name.into(),
        kind,
        area: code.parse().unwrap(),
        parent: None,
        standing: true,
        duty_code: None,
        purpose: String::new(),
        active: true,
    };
    let category = |code: &str, name: &str, parent: Option<&str>, photo_required: bool| Category {
        code: code.into(),
        name: name.into(),
        parent: parent.map(str::to_owned),
        photo_required,
        active: true,
    };
    let duty = |category: &str, lead: u128| Duty {
        category: category.into(),
        lead: org(lead),
        assisting: vec![],
        section: None,
        basis: Some("城镇排水与污水处理条例".into()),
        standard: String::new(),
        days: None,
    };
    Atlas::new(
        vec![
            area(DISTRICT, "环翠区"),
            area(STREET, "环翠楼街道"),
            area(OTHER_STREET, "鲸园街道"),
            area("371002001001", "塔山社区"),
            area("371002002001", "海滨社区"),
            area(GRID, "第1网格"),
            area(NEXT_GRID, "第2网格"),
            area(FAR_GRID, "第1网格"),
        ],
        vec![
            team(CENTRE_ORG, OrgKind::DistrictCentre, DISTRICT, "区全响应中心"),
            team(STREET_ORG, OrgKind::StreetCentre, STREET, "环翠楼街道全响应中心"),
            team(OTHER_STREET_ORG, OrgKind::StreetCentre, OTHER_STREET, "鲸园街道全响应中心"),
            team(GRID_ORG, OrgKind::Grid, GRID, "第1网格团队"),
            team(NEXT_GRID_ORG, OrgKind::Grid, NEXT_GRID, "第2网格团队"),
            team(FAR_GRID_ORG, OrgKind::Grid, FAR_GRID, "第1网格团队"),
            team(WATER, OrgKind::Department, DISTRICT, "水务局"),
            team(ROADS, OrgKind::Department, DISTRICT, "城管局"),
        ],
        vec![
            category("01", "市政设施", None, false),
            category(WELL, "污水井漫溢", Some("01"), true),
            category(LAMP, "路灯不亮", Some("01"), false),
        ],
        vec![duty(WELL, WATER), duty(LAMP, ROADS)],
    )
}

/// A district on a Monday at nine, with the base data above.
async fn district(scratch: &Scratch) -> Arc<District> {
    let clock = Clock::fixed(at("2026-11-23T09:00"));
    let now = clock.now();
    let all =
        [linli_store::MIGRATIONS, linli_access::MIGRATIONS, linli_grid::MIGRATIONS, linli_cases::MIGRATIONS]
            .concat();
    migrate(&scratch.db, &all, now).await.unwrap();
    let ids = Ids::seeded(11);
    let master = Master::read_or_create(&scratch.folder.path().join("master.key"), &ids).unwrap();
    let limits = Limits { hash_memory_kib: 32, hash_passes: 1, ..Limits::default() };
    let access = Access::open(&scratch.db, master, limits, ids, now).await.unwrap();
    let ports = Ports::default()
        .with(Blobs::open(&scratch.folder.path().join("blobs")).unwrap())
        .with(access)
        .with(AtlasPort::new(atlas()))
        .with(Rulebooks::default())
        .with(Ledger::default());
    Arc::new(District {
        name: "test".into(),
        area: DISTRICT.parse().unwrap(),
        prefix: "HC".into(),
        db: scratch.db.clone(),
        clock,
        ids: Ids::seeded(7),
        ports,
    })
}

fn person(id: u128, role: Role, area: &str, n: u128) -> Actor {
    Actor::Account {
        id: AccountId(Uuid::from_u128(1000 + id)),
        name: format!("{role} {id}"),
        posts: vec![Post { role, area: area.parse().unwrap(), org: org(n) }],
    }
}

fn grid_worker() -> Actor {
    person(1, Role::GridWorker, GRID, GRID_ORG)
}
fn secretary() -> Actor {
    person(2, Role::CommunitySecretary, "371002001001", GRID_ORG + 100)
}
fn street() -> Actor {
    person(3, Role::StreetCentre, STREET, STREET_ORG)
}
fn other_street() -> Actor {
    person(4, Role::StreetCentre, OTHER_STREET, OTHER_STREET_ORG)
}
fn centre() -> Actor {
    person(5, Role::DistrictCentre, DISTRICT, CENTRE_ORG)
}
fn water() -> Actor {
    person(6, Role::Department, DISTRICT, WATER)
}
fn roads() -> Actor {
    person(7, Role::Department, DISTRICT, ROADS)
}

async fn op(d: &Arc<District>, actor: Actor) -> Op {
    Op::begin(d.clone(), &d.db, actor, "req".into()).await.unwrap()
}

fn scope(d: &District, actor: &Actor) -> Scope {
    d.port::<Access>().unwrap().policy.scope(actor, "case.read")
}

/// A resident's report of a blocked well in [`GRID`], with a phone.
fn well() -> NewReport {
    NewReport {
        source: Source::Resident,
        nature: Nature::Complaint,
        title: String::new(),
        text: "3号楼门前污水井冒水，路面都是水".into(),
        category: Some(WELL.into()),
        point: Some((37.51, 122.11)),
        area: Some(GRID.parse().unwrap()),
        address: "塔山路12号".into(),
        reporter: ReporterInput {
            name: Some("王小明".into()),
            phone: Some("138 0013 8000".into()),
            ..ReporterInput::default()
        },
        urgent: false,
        photos: vec![],
        parent: None,
        external: None,
        reported_at: None,
    }
}

async fn report(d: &Arc<District>, new: NewReport) -> Receipt {
    let mut op = op(d, Actor::Public).await;
    let receipt = app::report(&mut op, new).await.unwrap();
    op.commit().await.unwrap();
    receipt
}

async fn try_act(d: &Arc<District>, actor: &Actor, id: CaseId, command: Command) -> Result<CaseState> {
    let mut op = op(d, actor.clone()).await;
    let state = app::act(&mut op, id, command, Proof::Post, vec![]).await?;
    op.commit().await?;
    Ok(state)
}

async fn act(d: &Arc<District>, actor: &Actor, id: CaseId, command: Command) -> CaseState {
    try_act(d, actor, id, command).await.unwrap()
}

async fn by_link(d: &Arc<District>, receipt: &Receipt, command: Command) -> Result<CaseState> {
    let mut op = op(d, Actor::Public).await;
    let state = app::act(&mut op, receipt.id, command, Proof::Token(receipt.token.clone()), vec![]).await?;
    op.commit().await?;
    Ok(state)
}

fn joint(lead: u128) -> TriageDecision {
    TriageDecision {
        category: None,
        whistle: WhistleLevel::Joint,
        lead: org(lead),
        assisting: vec![],
        note: None,
    }
}

async fn triage(d: &Arc<District>, actor: &Actor, id: CaseId, decision: TriageDecision) -> CaseState {
    let mut op = op(d, actor.clone()).await;
    let state = app::triage(&mut op, id, decision).await.unwrap();
    op.commit().await.unwrap();
    state
}

fn resolution() -> Command {
    Command::Resolve(Resolution {
        done: "疏通并更换井盖".into(),
        done_by: "李师傅".into(),
        doer: None,
        extent: Extent::Solved,
        reply: "井已疏通，请放心".into(),
        photos: 0,
    })
}

/// Runs what is owed now, once over.
async fn turn(d: &Arc<District>) {
    let handlers = (linli_cases::manifest().handlers)();
    while worker::turn(d, &handlers).await.unwrap() > 0 {}
    assert_eq!(outbox::depth(&d.db).await.unwrap().1, 0, "a task was set aside");
}

fn not_found<T: std::fmt::Debug>(result: Result<T>) {
    assert!(matches!(result, Err(Error::NotFound)), "{result:?}");
}

fn forbidden<T: std::fmt::Debug>(result: Result<T>) {
    assert!(matches!(result, Err(Error::Forbidden(_))), "{result:?}");
}
