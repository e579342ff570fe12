//! Creating, correcting, confirming, moving.

use linli_access::{Access, Authorise as _, Target};
use linli_kernel::{AreaCode, Error, Result};
use linli_store::Op;

use crate::{
    model::{
        BuildingId, CareKind, CareMarkId, DwellingId, EntityFacts, EntityId, EntityState, Facts, Field,
        HouseholdId, Mark, NewBuilding, NewDwelling, Relation, ResidentId,
    },
    register::{self, DwellingFacts, EntityPlace, Home, MoveOut, NewCare, News, Put},
    rhythm::{Met, visited},
    rules::{Merged, Verdict},
    store::{Seal, entities, people, people::Resident, places},
};

/// What happens to a home needs the right where it is; a person's area is their home's.
fn permit(op: &Op, action: &str, area: &AreaCode) -> Result<()> {
    op.permit(action, &Target::at(area))
}

async fn at_dwelling(op: &mut Op, action: &str, id: DwellingId) -> Result<()> {
    let dwelling = places::dwelling(&mut op.tx, id).await?;
    permit(op, action, &dwelling.area)
}

async fn at_resident(op: &mut Op, action: &str, id: ResidentId) -> Result<()> {
    let resident = people::load(&mut op.tx, id).await?;
    permit(op, action, &resident.area)
}

/// Registers a house.
pub async fn add_building(op: &mut Op, new: &NewBuilding) -> Result<BuildingId> {
    permit(op, "household.building", &new.area)?;
    register::add_building(op, new).await
}

/// Registers a home.
pub async fn add_dwelling(op: &mut Op, new: &NewDwelling) -> Result<DwellingId> {
    let building = places::building(&mut op.tx, new.building).await?;
    permit(op, "household.edit", &building.area)?;
    let mut news = News::new();
    let id = register::add_dwelling(op, &mut news, new, &Mark::worker(op.now)).await?;
    news.publish(op).await?;
    Ok(id)
}

/// Corrects a home.
pub async fn correct_dwelling(
    op: &mut Op,
    id: DwellingId,
    facts: &DwellingFacts,
    expected: Option<i64>,
) -> Result<Vec<(Field, Verdict)>> {
    at_dwelling(op, "household.edit", id).await?;
    let mut news = News::new();
    let by = Mark::worker(op.now);
    let verdicts = register::correct_dwelling(op, &mut news, id, facts, &by, expected).await?;
    news.publish(op).await?;
    Ok(verdicts)
}

/// Confirms a home and everybody in it as they stand.
pub async fn confirm_dwelling(op: &mut Op, id: DwellingId, expected: Option<i64>) -> Result<()> {
    at_dwelling(op, "household.confirm", id).await?;
    let mut news = News::new();
    let by = Mark::worker(op.now);
    let area = register::confirm_dwelling(op, &mut news, id, &by, expected).await?;
    visited(op, id, &area, Met::Confirmed).await?;
    news.publish(op).await
}

/// What came of naming somebody at a home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// They are registered here now.
    Here(Put),
    /// They are registered in another home of the scope, and nobody has said yet that they come from there.
    Lives {
        /// That home: said again, they come.
        home: DwellingId,
        /// As it is called.
        address: String,
    },
}

/// Names a person who lives there. Somebody who is known elsewhere comes here only from the home that is named in
/// `from`, so that nobody is moved by a slip; who is known outside the scope does not come by this way at all.
///
/// # Errors
/// At the name, where the number is known under another one: whoever types a number is not told whose it is.
pub async fn add_resident(op: &mut Op, home: Home, facts: &Facts, from: Option<DwellingId>) -> Result<Named> {
    at_dwelling(op, "household.edit", home.dwelling).await?;
    let access = op.district.port::<Access>()?;
    let found = people::find(&mut op.tx, Seal::new(&access), &facts.person()?).await?;
    if let Some(found) = &found {
        let known = people::load(&mut op.tx, found.id).await?;
        if let Some(asked) = lives_elsewhere(op, &known, home.dwelling, facts, from).await? {
            return Ok(asked);
        }
    }
    let household = match home.household {
        Some(id) => Some(id),
        None => places::households(&mut op.tx, home.dwelling).await?.first().map(|h| h.id),
    };
    one_head(op, home.dwelling, household, found.map(|r| r.id), facts).await?;
    let mut news = News::new();
    let by = Mark::worker(op.now);
    let put = register::add(op, &mut news, home, facts, &by).await?;
    news.publish(op).await?;
    Ok(Named::Here(put))
}

/// What has to be asked or refused before somebody who is known already is named at this home.
async fn lives_elsewhere(
    op: &mut Op,
    known: &Resident,
    here: DwellingId,
    facts: &Facts,
    from: Option<DwellingId>,
) -> Result<Option<Named>> {
    if facts.name.as_ref() != Some(&known.name) {
        return Err(Error::field("name", "household-other-name"));
    }
    let Some(home) = known.dwelling_id.filter(|home| *home != here) else { return Ok(None) };
    if permit(op, "household.move", &known.area).is_err() {
        return Err(Error::Conflict("household-lives-beyond"));
    }
    if from == Some(home) {
        return Ok(None);
    }
    let there = places::whereabouts(&mut op.tx, &[home]).await?;
    let address = there.into_iter().next().map(|(_, _, address)| address).unwrap_or_default();
    Ok(Some(Named::Lives { home, address }))
}

/// Refuses a second head of a household: whoever is the first says something else before.
async fn one_head(
    op: &mut Op,
    dwelling: DwellingId,
    household: Option<HouseholdId>,
    who: Option<ResidentId>,
    facts: &Facts,
) -> Result<()> {
    if facts.relation != Some(Relation::Head) || household.is_none() {
        return Ok(());
    }
    let living = people::of_dwelling(&mut op.tx, dwelling).await?;
    let other = living
        .iter()
        .any(|r| r.household_id == household && r.relation == Relation::Head && Some(r.id) != who);
    if other { Err(Error::field("relation", "household-second-head")) } else { Ok(()) }
}

/// Corrects a person.
pub async fn correct_resident(
    op: &mut Op,
    id: ResidentId,
    facts: &Facts,
    expected: Option<i64>,
) -> Result<Merged> {
    let resident = people::load(&mut op.tx, id).await?;
    permit(op, "household.edit", &resident.area)?;
    if let Some(dwelling) = resident.dwelling_id {
        one_head(op, dwelling, resident.household_id, Some(id), facts).await?;
    }
    let mut news = News::new();
    let by = Mark::worker(op.now);
    let merged = register::correct(op, &mut news, id, facts, &by, expected).await?;
    news.publish(op).await?;
    Ok(merged)
}

/// Makes somebody the head of their household.
pub async fn set_head(op: &mut Op, household: HouseholdId, head: ResidentId) -> Result<()> {
    let area = places::household(&mut op.tx, household).await?.area;
    permit(op, "household.edit", &area)?;
    let mut news = News::new();
    register::set_head(op, &mut news, household, head).await?;
    news.publish(op).await
}

/// Moves somebody into another home; both must be in the scope.
pub async fn move_in(op: &mut Op, id: ResidentId, home: Home) -> Result<()> {
    at_resident(op, "household.move", id).await?;
    at_dwelling(op, "household.move", home.dwelling).await?;
    let mut news = News::new();
    let by = Mark::worker(op.now);
    register::move_in(op, &mut news, id, home, &by).await?;
    news.publish(op).await
}

/// Moves somebody out of the district.
pub async fn move_out(op: &mut Op, id: ResidentId, out: &MoveOut) -> Result<()> {
    let resident = people::load(&mut op.tx, id).await?;
    permit(op, "household.move", &resident.area)?;
    if resident.dwelling_id.is_some() {
        register::plausible(&resident, out)?;
    }
    let mut news = News::new();
    let by = Mark::worker(op.now);
    register::move_out(op, &mut news, id, out, &by).await?;
    news.publish(op).await
}

/// Sets or renews a mark of care.
pub async fn add_care(op: &mut Op, id: ResidentId, new: &NewCare) -> Result<CareMarkId> {
    at_resident(op, "household.care", id).await?;
    let mut news = News::new();
    let mark = register::add_care(op, &mut news, id, new).await?;
    news.publish(op).await?;
    Ok(mark)
}

/// Ends a mark of care.
pub async fn end_care(op: &mut Op, id: ResidentId, kind: CareKind, reason: &str) -> Result<()> {
    at_resident(op, "household.care", id).await?;
    let mut news = News::new();
    register::end_care(op, &mut news, id, kind, reason).await?;
    news.publish(op).await
}

/// Registers or corrects a legal entity.
pub async fn put_entity(
    op: &mut Op,
    (id, expected): (Option<EntityId>, Option<i64>),
    place: &EntityPlace,
    facts: &EntityFacts,
) -> Result<(EntityId, Vec<(Field, Verdict)>)> {
    permit(op, "entity.edit", &place.area)?;
    if let Some(id) = id {
        let known = entities::load(&mut op.tx, id).await?;
        permit(op, "entity.edit", &known.area)?;
    }
    let mut news = News::new();
    let by = Mark::worker(op.now);
    let put = register::put_entity(op, &mut news, (id, expected), place, facts, &by).await?;
    news.publish(op).await?;
    Ok(put)
}

/// An entity is there no more, or again.
pub async fn set_entity_state(op: &mut Op, id: EntityId, state: EntityState) -> Result<()> {
    let known = entities::load(&mut op.tx, id).await?;
    permit(op, "entity.edit", &known.area)?;
    let mut news = News::new();
    register::set_entity_state(op, &mut news, id, state).await?;
    news.publish(op).await
}
