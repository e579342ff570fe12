//! Houses and homes.

use linli_grid::AtlasPort;
use linli_kernel::{AreaCode, Error, Result, area::AreaLevel, error::Check};
use linli_store::Op;
use serde_json::json;

use super::{News, note};
use crate::{
    model::{BuildingId, DwellingId, Field, Mark, Marks, NewBuilding, NewDwelling, UnitId, Usage},
    rules::{self, Address, Verdict},
    store::{people, places, places::DwellingRow},
};

/// Registers a house in a grid.
pub async fn add_building(op: &mut Op, new: &NewBuilding) -> Result<BuildingId> {
    let atlas = op.district.port::<AtlasPort>()?.get();
    let mut check = Check::new();
    let known = new.area.level() == AreaLevel::Grid && atlas.area(&new.area).is_some();
    check.require(known, "area", "household-grid-unknown");
    let place = check.text("place", &new.place, 80);
    let name = check.optional("name", Some(&new.name), 40).unwrap_or_default();
    check.require(new.floors.is_none_or(|n| (1..=150).contains(&n)), "floors", "household-floors-bad");
    check.done()?;
    let id = BuildingId(op.uuid());
    let row = NewBuilding { place, name, ..new.clone() };
    places::add_buildings(&mut op.tx, &[(id, row)], None, op.now)
        .await
        .map_err(|e| exists(e, "household-building-known"))?;
    note(op, "household.building", "building", id, &new.area, json!({ "kind": new.kind })).await?;
    Ok(id)
}

/// Registers a home in a house.
pub async fn add_dwelling(op: &mut Op, news: &mut News, new: &NewDwelling, by: &Mark) -> Result<DwellingId> {
    let building = places::house(&mut op.tx, new.building).await?;
    let mut check = Check::new();
    let door = check.optional("door", Some(&new.door), 20).unwrap_or_default();
    let unit = check.optional("unit", new.unit.as_deref(), 20).as_deref().and_then(rules::unit_form);
    check.done()?;
    let parts = Address {
        place: building.place.clone(),
        building: building.name.clone(),
        unit: unit.clone(),
        door: door.clone(),
    };
    let unit_id = staircase(op, building.id, unit.as_deref()).await?;
    let id = DwellingId(op.uuid());
    let row = DwellingRow {
        id,
        building: building.id,
        unit: unit_id,
        area: building.area.clone(),
        floor: new.floor.or_else(|| parts.floor()),
        door,
        address: parts.text(),
        usage: new.usage,
        confirmed_at: new.seen.then_some(by.at),
        marks: Marks::all(Mark { verified: by.verified && new.seen, ..*by }),
    };
    places::add_dwellings(&mut op.tx, &[row], None, op.now)
        .await
        .map_err(|e| exists(e, "household-dwelling-known"))?;
    news.dwelling(id, &building.area);
    note(op, "household.add", "dwelling", id, &building.area, json!({ "source": by.source })).await?;
    Ok(id)
}

/// The staircase of this name, in its usual form; made if it is new.
pub(super) async fn staircase(op: &mut Op, house: BuildingId, name: Option<&str>) -> Result<Option<UnitId>> {
    let Some(name) = name else { return Ok(None) };
    let fresh = UnitId(op.uuid());
    places::unit(&mut op.tx, fresh, house, name).await.map(Some)
}

pub(super) fn exists(error: Error, key: &'static str) -> Error {
    if matches!(error, Error::Conflict("error-exists")) { Error::Conflict(key) } else { error }
}

/// What somebody says of a home.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DwellingFacts {
    /// How it is used.
    pub usage: Option<Usage>,
}

/// Corrects what is known of a home; answers what became of it.
pub async fn correct_dwelling(
    op: &mut Op,
    news: &mut News,
    id: DwellingId,
    facts: &DwellingFacts,
    by: &Mark,
    expected: Option<i64>,
) -> Result<Vec<(Field, Verdict)>> {
    let mut dwelling = places::dwelling(&mut op.tx, id).await?;
    places::same_version(dwelling.version, expected)?;
    let mut marks = Marks::parse(&dwelling.marks)?;
    let Some(usage) = facts.usage else { return Ok(Vec::new()) };
    let old = marks.of(Field::Usage);
    let verdict = if usage == dwelling.usage { Verdict::Same } else { rules::weigh(&old, by) };
    match verdict {
        Verdict::Same => marks.set(Field::Usage, old.confirmed(by)),
        Verdict::Taken => {
            dwelling.usage = usage;
            marks.set(Field::Usage, *by);
        }
        Verdict::Older | Verdict::Unverified => return Ok(vec![(Field::Usage, verdict)]),
    }
    places::save_dwelling(&mut op.tx, &dwelling, &marks, op.now).await?;
    news.dwelling(id, &dwelling.area);
    let detail = json!({ "source": by.source, "fields": ["usage"] });
    note(op, "household.correct", "dwelling", id, &dwelling.area, detail).await?;
    Ok(vec![(Field::Usage, verdict)])
}

/// All of it is so: the home and everybody in it, confirmed as they stand. Answers the home's grid.
pub async fn confirm_dwelling(
    op: &mut Op,
    news: &mut News,
    id: DwellingId,
    by: &Mark,
    expected: Option<i64>,
) -> Result<AreaCode> {
    let mut dwelling = places::dwelling(&mut op.tx, id).await?;
    places::same_version(dwelling.version, expected)?;
    let mut marks = Marks::parse(&dwelling.marks)?;
    marks.confirm(by);
    dwelling.confirmed_at = dwelling.confirmed_at.max(Some(by.at));
    places::save_dwelling(&mut op.tx, &dwelling, &marks, op.now).await?;
    news.dwelling(id, &dwelling.area);
    let living = people::of_dwelling(&mut op.tx, id).await?;
    for found in &living {
        let mut resident = people::load(&mut op.tx, found.id).await?;
        let mut marks = resident.marks()?;
        marks.confirm(by);
        resident.confirmed_at = resident.confirmed_at.max(Some(by.at));
        people::save_confirmed(&mut op.tx, &resident, &marks, op.now).await?;
        news.resident(resident.id, &resident.area);
    }
    let detail = json!({ "source": by.source, "residents": living.len() });
    note(op, "household.confirm", "dwelling", id, &dwelling.area, detail).await?;
    Ok(dwelling.area)
}
