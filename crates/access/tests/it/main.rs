//! The access slice on both engines.

#![expect(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod administration;
mod hearing;
mod keys_of_systems;
mod log_in;
mod matrix;
mod scope;
mod sealed_fields;

use std::{sync::Arc, time::Duration};

use linli_access::{
    Access, Limits, MIGRATIONS, Master,
    accounts::{self, NewAccount, NewPost},
    sessions::{self, Attempt, Caller, Opened, Session},
};
use linli_kernel::{
    Actor, Clock, Error, Ids, Result, Role,
    actor::{AccountId, OrgId, Post},
};
use linli_store::{District, Op, Ports, migrate::migrate};
use linli_testkit::Scratch;

const DISTRICT: &str = "371002";
const STREET: &str = "371002001";
const PASSWORD: &str = "Tg7!rw2pLm";

/// A district with this slice, the second factor on, cheap password hashes.
async fn district(scratch: &Scratch) -> Arc<District> {
    let clock = Clock::fixed("2026-11-23T09:00:00+08:00".parse().unwrap());
    let now = clock.now();
    migrate(&scratch.db, &[linli_store::MIGRATIONS, MIGRATIONS].concat(), now).await.unwrap();
    let ids = Ids::seeded(11);
    let master = Master::read_or_create(&scratch.folder.path().join("master.key"), &ids).unwrap();
    let limits = Limits { hash_memory_kib: 32, hash_passes: 1, ..Limits::default() };
    let access = Access::open(&scratch.db, master, limits, ids, now).await.unwrap();
    Arc::new(District {
        name: "test".into(),
        area: DISTRICT.parse().unwrap(),
        prefix: "HC".into(),
        db: scratch.db.clone(),
        clock,
        ids: Ids::seeded(7),
        ports: Ports::default().with(access).with(hearing::TOPICS),
    })
}

fn access(d: &District) -> Arc<Access> {
    d.port::<Access>().unwrap()
}

fn org(n: u128) -> OrgId {
    OrgId(linli_kernel::export::uuid::Uuid::from_u128(n))
}

fn actor(name: &str, id: u128, posts: &[(Role, &str, u128)]) -> Actor {
    Actor::Account {
        id: AccountId(org(id).0),
        name: name.into(),
        posts: posts
            .iter()
            .map(|&(role, area, n)| Post { role, area: area.parse().unwrap(), org: org(n) })
            .collect(),
    }
}

fn admin() -> Actor {
    actor("sysadmin", 1, &[(Role::SystemAdmin, DISTRICT, 1)])
}

fn officer() -> Actor {
    actor("officer", 2, &[(Role::SecurityOfficer, DISTRICT, 1)])
}

async fn op(d: &Arc<District>, actor: Actor) -> Op {
    Op::begin(d.clone(), &d.db, actor, "req".into()).await.unwrap()
}

fn caller(d: &Arc<District>) -> Caller {
    Caller { district: d.clone(), db: d.db.clone(), actor: Actor::Public, request: "req".into() }
}

/// An account that has chosen [`PASSWORD`] and holds `role` in [`STREET`].
async fn person(d: &Arc<District>, login: &str, role: Option<Role>) -> AccountId {
    let initial = access(d).passwords.initial(&d.ids).await.unwrap();
    let mut make = op(d, Actor::System).await;
    let new = NewAccount {
        login: login.into(),
        name: "王小明".into(),
        area: STREET.parse().unwrap(),
        phone: Some("138 0013 8000".into()),
    };
    let id = accounts::create(&mut make, new, &initial).await.unwrap();
    if let Some(role) = role {
        grant(&mut make, id, role, STREET).await.unwrap();
    }
    make.commit().await.unwrap();
    let opened = try_log_in(d, login, &initial.clear).await.unwrap();
    let session = session(d, &opened.token).await.unwrap();
    assert!(session.must_change && !session.ready());
    sessions::change_password(&caller(d), &session, &initial.clear, PASSWORD).await.unwrap();
    let mut out = op(d, session.actor.clone()).await;
    sessions::log_out(&mut out, &session).await.unwrap();
    out.commit().await.unwrap();
    id
}

async fn grant(op: &mut Op, id: AccountId, role: Role, area: &str) -> Result<accounts::PostId> {
    let post = NewPost { role, area: area.parse().unwrap(), org: org(1), from: None, until: None };
    accounts::grant(op, id, post).await
}

async fn try_log_in(d: &Arc<District>, login: &str, password: &str) -> Result<Opened> {
    let attempt = Attempt { login, password, source: "10.0.0.9", device: "Firefox", kept: "" };
    sessions::log_in(&caller(d), &attempt).await
}

async fn session(d: &District, token: &str) -> Option<Session> {
    let mut conn = d.db.read().await.unwrap();
    sessions::authenticate(&mut conn, &access(d), token, d.clock.now()).await.unwrap()
}

/// Actions of the activity log, by name.
async fn log(d: &District) -> Vec<String> {
    let mut conn = d.db.read().await.unwrap();
    let rows: Vec<(String,)> = conn.all("SELECT action FROM activity ORDER BY action", vec![]).await.unwrap();
    rows.into_iter().map(|(action,)| action).collect()
}

fn minutes(n: u64) -> Duration {
    Duration::from_mins(n)
}

/// The key of the first field error.
#[track_caller]
fn key<T>(result: Result<T>) -> String {
    match result.err() {
        Some(Error::Invalid(fields)) => fields[0].key.clone(),
        Some(Error::Forbidden(key) | Error::Conflict(key)) => key.to_owned(),
        Some(other) => other.to_string(),
        None => "ok".to_owned(),
    }
}
