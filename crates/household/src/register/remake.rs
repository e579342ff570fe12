//! Addresses follow the rule by which they are made (地址规整): a door whose address was made by an earlier one — unit "1",
//! door 201 once became 1201 — gets the address of its parts, and its words with it. Runs by itself, once for each rule,
//! a few hundred doors a transaction; a second run finds nothing to do.

use std::time::Duration;

use linli_kernel::{Error, Result, params};
use linli_store::{
    Op,
    outbox::Task,
    settings,
    worker::{Handler, Handlers, Work},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{News, mend::put_door, note, places::staircase};
use crate::{
    model::DwellingId,
    rules::{self, Address},
    store::{places, places::Dwelling},
};

/// The outbox kind that looks whether there is a newer rule.
pub(super) const LOOK: &str = "household.addresses";
/// The outbox kind of one step.
pub(super) const STEP: &str = "household.addresses_step";

const KEY: &str = "household.address_rule";
/// Counts up when the rule changes: with one it is "1单元201".
const RULE: i64 = 1;
const EVERY: Duration = Duration::from_hours(6);
/// Doors of one step: the write lock is never held long.
const BATCH: i64 = 300;

#[derive(Debug, Serialize, Deserialize)]
struct Step {
    /// The number of the last door that was looked at.
    after: i64,
}

#[derive(sqlx::FromRow)]
struct Parts {
    n: i64,
    id: DwellingId,
    address: String,
    door: String,
    place: String,
    name: String,
    unit: Option<String>,
}

const PARTS: &str = "SELECT d.n, d.id, d.address, d.door, b.place, b.name, u.name AS unit FROM dwelling d
    JOIN building b ON b.id = d.building_id LEFT JOIN building_unit u ON u.id = d.unit_id";

impl Parts {
    /// As the door is called by the rule of today.
    fn text(&self) -> String {
        let unit = self.unit.as_deref().and_then(rules::unit_form);
        let (place, building, door) = (self.place.clone(), self.name.clone(), self.door.clone());
        Address { place, building, unit, door }.text()
    }
}

async fn look(op: &mut Op) -> Result<()> {
    let made: Option<i64> = settings::get(&mut op.tx, KEY).await?;
    if made.is_some_and(|rule| rule >= RULE) {
        return Ok(());
    }
    let now = op.now;
    settings::put(&mut op.tx, KEY, &RULE, now).await?;
    op.emit(STEP, &Step { after: 0 }).await
}

async fn step(op: &mut Op, task: &Task) -> Result<()> {
    let Step { after } = serde_json::from_str(&task.payload).map_err(Error::internal)?;
    let sql = format!("{PARTS} WHERE d.n > $1 AND d.closed_at IS NULL ORDER BY d.n LIMIT $2");
    let doors: Vec<Parts> = op.tx.all(&sql, params![after, BATCH]).await?;
    let Some(last) = doors.last().map(|door| door.n) else { return Ok(()) };
    let mut news = News::new();
    for door in doors.iter().filter(|door| door.text() != door.address) {
        remake(op, &mut news, door.id).await?;
    }
    op.emit(STEP, &Step { after: last }).await?;
    news.publish(op).await
}

/// One door, looked at again under its lock. An address that another door has meanwhile stays with that one.
async fn remake(op: &mut Op, news: &mut News, id: DwellingId) -> Result<()> {
    places::hold_house_of(&mut op.tx, id).await?;
    let door: Dwelling = match places::dwelling(&mut op.tx, id).await {
        Err(Error::NotFound) => return Ok(()),
        door => door?,
    };
    let parts: Parts = op.tx.one(&format!("{PARTS} WHERE d.id = $1"), params![id]).await?;
    let address = parts.text();
    let taken = places::dwelling_at(&mut op.tx, &door.area, &address).await?;
    if address == door.address || taken.is_some_and(|other| other != id) {
        return Ok(());
    }
    let unit = parts.unit.as_deref().and_then(rules::unit_form);
    let unit_id = staircase(op, door.building_id, unit.as_deref()).await?;
    let detail = json!({ "fields": ["address"], "from": door.address, "to": address });
    let after = Dwelling { unit_id, address, ..door };
    put_door(op, news, &after).await?;
    note(op, "household.correct", "dwelling", id, &after.area, detail).await
}

fn looks(op: &mut Op) -> Work<'_> {
    Box::pin(look(op))
}

fn stepped<'a>(op: &'a mut Op, task: &'a Task) -> Work<'a> {
    Box::pin(step(op, task))
}

pub(crate) fn handlers() -> Handlers {
    Handlers::from([(LOOK, Handler::Every(EVERY, looks)), (STEP, Handler::Inside(stepped))])
}
