//! Exchange with a stand-in peer: what it is told, what it tells, and what it must never hear.

mod looks;
mod named;
mod peer;
mod pull;
mod push;
mod queue;
mod sync;

use std::time::Duration;

use linli_household::{
    exchange::{
        Agreement, Direction, NewAgreement, Shared,
        agreement::{self, Handed},
        feed,
        view::{self, Told},
    },
    model::Basis,
};
use linli_web::outward::Reach;

use super::*;

/// A district that tells its peers.
async fn telling(s: &Scratch) -> Arc<District> {
    let d = Arc::into_inner(district(s).await).unwrap();
    let ports = d.ports.with(linli_household::events::ChangesWanted).with(Reach::this_machine());
    Arc::new(District { ports, ..d })
}

fn officer() -> Actor {
    actor(Role::SecurityOfficer, DISTRICT)
}

fn wanted(d: &District, direction: Direction, fields: &[Shared], areas: &[&str]) -> NewAgreement {
    NewAgreement {
        name: "疫情防控一体化平台".into(),
        peer: "health-platform".into(),
        purpose: "疫情流调".into(),
        basis: Basis::Duty,
        basis_note: "传染病防治法".into(),
        direction,
        fields: fields.to_vec(),
        areas: areas.iter().map(|code| area(code)).collect(),
        trusted: false,
        ends_at: d.clock.now().plus(Duration::from_hours(24 * 365)),
        url: String::new(),
    }
}

async fn concluded(d: &Arc<District>, new: &NewAgreement) -> (Agreement, Handed) {
    let mut op = op(d, officer()).await;
    let (id, handed) = agreement::conclude(&mut op, new).await.unwrap();
    let made = agreement::get(&mut op.tx, id).await.unwrap();
    op.commit().await.unwrap();
    (made, handed)
}

fn client(a: &Agreement) -> Actor {
    Actor::Client {
        id: a.key.0,
        name: a.peer.clone(),
        scopes: vec!["exchange.changes".into(), "exchange.sync".into()],
        area: area(DISTRICT),
    }
}

/// Looks the register's feed through for a peer.
async fn looked(d: &Arc<District>, a: &Agreement) {
    loop {
        let mut op1 = op(d, Actor::System).await;
        let more = feed::advance(&mut op1, a).await.unwrap();
        op1.commit().await.unwrap();
        if !more {
            return;
        }
    }
}

/// A page as the interface makes it.
async fn page(d: &Arc<District>, a: &Agreement, after: i64, limit: usize) -> (Vec<Told>, i64, bool) {
    let access = d.port::<Access>().unwrap();
    looked(d, a).await;
    let mut conn = d.db.read().await.unwrap();
    let (found, next, more) = feed::next(&mut conn, a, after, limit).await.unwrap();
    let told = view::told(&mut conn, &access, a, &found, d.clock.now()).await.unwrap();
    (told, next, more)
}

/// Everything after a number, in small pages.
async fn all(d: &Arc<District>, a: &Agreement, after: i64) -> (Vec<Told>, i64) {
    let (mut told, mut at) = (Vec::new(), after);
    loop {
        let (page, next, more) = page(d, a, at, 2).await;
        told.extend(page);
        at = next;
        if !more {
            return (told, at);
        }
    }
}
