//! People: registered once in the district, corrected field by field.

use linli_kernel::{Error, Result};
use linli_store::Op;
use serde_json::json;

use super::{News, access, moves, note};
use crate::{
    model::{DwellingId, Facts, Field, HouseholdId, HouseholdKind, Mark, Marks, Relation, ResidentId},
    rules::{self, Merged, Verdict},
    store::{
        Seal, people,
        people::{Resident, ResidentRow},
        places,
        places::{Dwelling, Household, HouseholdRow},
    },
};

/// Where somebody lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Home {
    /// The door.
    pub dwelling: DwellingId,
    /// With whom; the first household of the home if not said, a new one if there is none.
    pub household: Option<HouseholdId>,
}

/// What became of a person who was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nobody knew them.
    Created,
    /// They live here, as was known.
    Known,
    /// They were known elsewhere, or had left, and live here now.
    Moved,
    /// They are known elsewhere, by a word that this one does not outweigh: nothing was changed.
    Elsewhere,
}

/// What became of a person, and of what was said of them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Put {
    /// Who it is.
    pub id: ResidentId,
    /// What became of them.
    pub outcome: Outcome,
    /// What became of every field.
    pub verdicts: Vec<(Field, Verdict)>,
}

/// Names a person who lives at `home`: registers them, or merges what is said into what is known, and moves
/// them here if `by` outweighs what is known of where they live.
pub async fn add(op: &mut Op, news: &mut News, home: Home, facts: &Facts, by: &Mark) -> Result<Put> {
    let access = access(op)?;
    let seal = Seal::new(&access);
    let named = facts.person()?;
    let dwelling = places::dwelling(&mut op.tx, home.dwelling).await?;
    let Some(found) = people::find(&mut op.tx, seal, &named).await? else {
        let household = join(op, news, &dwelling, home.household).await?;
        let id = ResidentId(op.uuid());
        let row = ResidentRow {
            id,
            dwelling: dwelling.id,
            household: household.id,
            area: dwelling.area.clone(),
            since: op.now,
            confirmed_at: Some(by.at),
            marks: Marks::all(*by),
            person: named,
        };
        let prepared = people::prepare(seal, &row, None, op.now)?;
        people::add_prepared(&mut op.tx, vec![prepared]).await.map_err(taken)?;
        lead(op, &household, id, row.person.relation).await?;
        news.resident(id, &dwelling.area);
        let detail = json!({ "dwelling": dwelling.id, "source": by.source, "fields": facts.fields() });
        note(op, "household.add", "resident", id, &dwelling.area, detail).await?;
        let verdicts = facts.fields().into_iter().map(|field| (field, Verdict::Taken)).collect();
        return Ok(Put { id, outcome: Outcome::Created, verdicts });
    };
    let before = people::load(&mut op.tx, found.id).await?;
    let marks = before.marks()?;
    let merged = rules::merge(&before.person(seal)?, &marks, facts, by);
    let (outcome, after, merged) = match before.dwelling_id {
        Some(here) if here == dwelling.id => (Outcome::Known, before.clone(), merged),
        lived => {
            let verdict =
                if lived.is_none() { Verdict::Taken } else { rules::weigh(&marks.of(Field::Home), by) };
            if !verdict.stands() {
                return Ok(Put {
                    id: before.id,
                    outcome: Outcome::Elsewhere,
                    verdicts: vec![(Field::Home, verdict)],
                });
            }
            let household = join(op, news, &dwelling, home.household).await?;
            let after = moves::arrive(op, news, &before, &dwelling, &household, by.at).await?;
            let mut merged = merged;
            merged.marks.set(Field::Home, *by);
            merged.verdicts.push((Field::Home, verdict));
            (Outcome::Moved, after, merged)
        }
    };
    save(op, news, seal, &before, after, &merged, by).await?;
    Ok(Put { id: before.id, outcome, verdicts: merged.verdicts })
}

/// Corrects what is known of a person. `expected` is the version the correction was made from.
pub async fn correct(
    op: &mut Op,
    news: &mut News,
    id: ResidentId,
    facts: &Facts,
    by: &Mark,
    expected: Option<i64>,
) -> Result<Merged> {
    let access = access(op)?;
    let seal = Seal::new(&access);
    let before = people::load(&mut op.tx, id).await?;
    places::same_version(before.version, expected)?;
    let merged = rules::merge(&before.person(seal)?, &before.marks()?, facts, by);
    save(op, news, seal, &before, before.clone(), &merged, by).await?;
    Ok(merged)
}

async fn save(
    op: &mut Op,
    news: &mut News,
    seal: Seal<'_>,
    before: &Resident,
    mut after: Resident,
    merged: &Merged,
    by: &Mark,
) -> Result<()> {
    let said: Vec<Field> =
        merged.verdicts.iter().filter(|(_, v)| v.stands()).map(|(field, _)| *field).collect();
    if said.is_empty() && after == *before {
        return Ok(());
    }
    after.confirmed_at = before.confirmed_at;
    people::save(&mut op.tx, seal, before, &after, &merged.person, &merged.marks, op.now)
        .await
        .map_err(taken)?;
    let head = merged.person.relation == Relation::Head;
    let no_more = !head && before.relation == Relation::Head;
    if let Some(household) = after.household_id.filter(|_| head || no_more) {
        let household = places::household(&mut op.tx, household).await?;
        lead(op, &household, after.id, merged.person.relation).await?;
        if no_more && household.head == Some(after.id) {
            let household = Household { head: None, ..household };
            places::save_household(&mut op.tx, &household, op.now).await?;
            news.household(household.id, &household.area);
        }
    }
    news.resident(after.id, &before.area);
    news.resident(after.id, &after.area);
    let changed: Vec<Field> = merged.changed().collect();
    let kept: Vec<Field> = merged.disputed().collect();
    let detail = json!({ "source": by.source, "changed": changed, "confirmed": said.len() - changed.len(), "kept": kept });
    note(op, "household.correct", "resident", after.id, &after.area, detail).await
}

/// The number is somebody else's, or the phone and name are.
fn taken(error: Error) -> Error {
    match error {
        Error::Conflict("error-exists") => Error::Conflict("household-person-known"),
        other => other,
    }
}

/// The household that somebody joins.
pub(super) async fn join(
    op: &mut Op,
    news: &mut News,
    dwelling: &Dwelling,
    wanted: Option<HouseholdId>,
) -> Result<Household> {
    let there = places::households(&mut op.tx, dwelling.id).await?;
    let found = match wanted {
        Some(id) => Some(there.into_iter().find(|h| h.id == id).ok_or(Error::NotFound)?),
        None => there.into_iter().next(),
    };
    if let Some(household) = found {
        return Ok(household);
    }
    let row = HouseholdRow {
        id: HouseholdId(op.uuid()),
        dwelling: dwelling.id,
        area: dwelling.area.clone(),
        kind: HouseholdKind::Family,
        head: None,
        since: op.now,
    };
    places::add_households(&mut op.tx, std::slice::from_ref(&row), None, op.now).await?;
    news.household(row.id, &row.area);
    places::household(&mut op.tx, row.id).await
}

/// Who says to be the head leads a household that has none.
async fn lead(op: &mut Op, household: &Household, id: ResidentId, relation: Relation) -> Result<()> {
    if relation == Relation::Head && household.head.is_none() {
        let household = Household { head: Some(id), ..household.clone() };
        places::save_household(&mut op.tx, &household, op.now).await?;
    }
    Ok(())
}

/// Makes somebody of the household its head.
pub async fn set_head(op: &mut Op, news: &mut News, household: HouseholdId, head: ResidentId) -> Result<()> {
    let resident = people::load(&mut op.tx, head).await?;
    let known = places::household(&mut op.tx, household).await?;
    if resident.household_id != Some(household) {
        return Err(Error::field("head", "household-not-in-household"));
    }
    let after = Household { head: Some(head), ..known };
    places::save_household(&mut op.tx, &after, op.now).await?;
    news.household(household, &after.area);
    note(op, "household.head", "household", household, &after.area, json!({ "resident": head })).await
}
