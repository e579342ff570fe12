//! Mending places that were registered wrongly (登记更正、注销): a house or door gets its right name, or is closed with a
//! reason. What is closed is not counted, drawn, listed or labelled any more, its codes count no more and its address is
//! free; what happened there stays. Nobody lives in what is closed.

use linli_kernel::{Error, Result, error::Check};
use linli_store::Op;
use serde_json::json;

use super::{
    News, note,
    places::{exists, staircase},
};
use crate::{
    code,
    model::{BuildingId, DwellingId},
    rules::{self, Address},
    store::{
        mend, people, places,
        places::{Building, Dwelling},
    },
};

/// Writes a door's address and place in the house, and tells of it and of who lives there.
pub(super) async fn put_door(op: &mut Op, news: &mut News, door: &Dwelling) -> Result<()> {
    places::move_dwelling(&mut op.tx, door, op.now)
        .await
        .map_err(|e| exists(e, "household-dwelling-known"))?;
    news.dwelling(door.id, &door.area);
    for resident in people::of_dwelling(&mut op.tx, door.id).await? {
        news.resident(resident.id, &resident.area);
    }
    Ok(())
}

/// Calls a house by another place or name; its doors' addresses follow.
pub async fn correct_building(
    op: &mut Op,
    news: &mut News,
    id: BuildingId,
    place: &str,
    name: &str,
) -> Result<()> {
    let known = places::house(&mut op.tx, id).await?;
    let mut check = Check::new();
    let place = check.text("place", place, 80);
    let name = check.optional("name", Some(name), 40).unwrap_or_default();
    check.done()?;
    let called = |b: &Building| format!("{}{}", b.place, b.name);
    let before = called(&known);
    let house = Building { place, name, ..known };
    mend::rename_building(&mut op.tx, &house, op.now)
        .await
        .map_err(|e| exists(e, "household-building-known"))?;
    for (door, unit) in mend::doors_of(&mut op.tx, id).await? {
        let parts = Address {
            place: house.place.clone(),
            building: house.name.clone(),
            unit,
            door: door.door.clone(),
        };
        put_door(op, news, &Dwelling { address: parts.text(), ..door }).await?;
    }
    let detail = json!({ "fields": ["name"], "from": before, "to": called(&house) });
    note(op, "household.building", "building", id, &house.area, detail).await
}

/// Puts a door into another staircase of its house, or calls it by another number.
pub async fn correct_door(
    op: &mut Op,
    news: &mut News,
    id: DwellingId,
    unit: &str,
    door: &str,
    expected: Option<i64>,
) -> Result<()> {
    places::hold_house_of(&mut op.tx, id).await?;
    let known = places::dwelling(&mut op.tx, id).await?;
    places::same_version(known.version, expected)?;
    let house = places::building(&mut op.tx, known.building_id).await?;
    let mut check = Check::new();
    let door = check.optional("door", Some(door), 20).unwrap_or_default();
    let unit = check.optional("unit", Some(unit), 20).as_deref().and_then(rules::unit_form);
    check.done()?;
    let unit_id = staircase(op, house.id, unit.as_deref()).await?;
    let parts = Address { place: house.place, building: house.name, unit, door: door.clone() };
    let floor = parts.floor().or(known.floor);
    let before = known.address.clone();
    let after = Dwelling { unit_id, floor, door, address: parts.text(), ..known };
    put_door(op, news, &after).await?;
    let detail = json!({ "fields": ["address"], "from": before, "to": after.address });
    note(op, "household.correct", "dwelling", id, &after.area, detail).await
}

fn reason(text: &str) -> Result<String> {
    let mut check = Check::new();
    let reason = check.text("reason", text, 100);
    check.done()?;
    Ok(reason)
}

/// Closes a door at which nobody lives. Answers its house.
pub async fn close_dwelling(op: &mut Op, news: &mut News, id: DwellingId, why: &str) -> Result<BuildingId> {
    let why = reason(why)?;
    let door = places::dwelling(&mut op.tx, id).await?;
    if !people::of_dwelling(&mut op.tx, id).await?.is_empty() {
        return Err(Error::Conflict("household-still-lived-in"));
    }
    mend::close_dwelling(&mut op.tx, &door, &why, op.now).await?;
    code::end_of(op, &[id.0], &why).await?;
    news.dwelling(id, &door.area);
    note(op, "household.close", "dwelling", id, &door.area, json!({ "closed": true })).await?;
    Ok(door.building_id)
}

/// A door that was closed is there after all.
pub async fn reopen_dwelling(op: &mut Op, news: &mut News, id: DwellingId) -> Result<()> {
    places::hold_house_of(&mut op.tx, id).await?;
    let door = mend::closed_dwelling(&mut op.tx, id).await?;
    // Of a closed house no door is open.
    places::building(&mut op.tx, door.building_id)
        .await
        .map_err(|_| Error::Conflict("household-house-closed"))?;
    mend::reopen_dwelling(&mut op.tx, &door, op.now)
        .await
        .map_err(|e| exists(e, "household-dwelling-known"))?;
    news.dwelling(id, &door.area);
    note(op, "household.close", "dwelling", id, &door.area, json!({ "closed": false })).await
}

/// Closes a house without open doors.
pub async fn close_building(op: &mut Op, id: BuildingId, why: &str) -> Result<()> {
    let why = reason(why)?;
    let house = places::house(&mut op.tx, id).await?;
    if !mend::doors_of(&mut op.tx, id).await?.is_empty() {
        return Err(Error::Conflict("household-house-has-homes"));
    }
    mend::close_building(&mut op.tx, &house, &why, op.now).await?;
    let mut things = vec![id.0];
    things.extend(mend::units_of(&mut op.tx, id).await?.into_iter().map(|(unit, _)| unit.0));
    code::end_of(op, &things, &why).await?;
    note(op, "household.close", "building", id, &house.area, json!({ "closed": true })).await
}

/// A house that was closed is there after all.
pub async fn reopen_building(op: &mut Op, id: BuildingId) -> Result<()> {
    let house = mend::closed_building(&mut op.tx, id).await?;
    mend::reopen_building(&mut op.tx, &house, op.now)
        .await
        .map_err(|e| exists(e, "household-building-known"))?;
    note(op, "household.close", "building", id, &house.area, json!({ "closed": false })).await
}
