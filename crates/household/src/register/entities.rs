//! Legal entities: one of each code.

use linli_kernel::{AreaCode, Error, Result, error::Check};
use linli_store::Op;
use serde_json::json;

use super::{News, access, note};
use crate::{
    model::{DwellingId, Entity, EntityFacts, EntityId, EntityKind, EntityState, Field, Mark, Marks},
    rules::{self, Verdict},
    store::{Seal, entities, entities::EntityRow, places},
};

/// Where an entity is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityPlace {
    /// Its grid.
    pub area: AreaCode,
    /// Its door, if it is registered.
    pub dwelling: Option<DwellingId>,
}

fn checked(facts: &EntityFacts) -> Result<()> {
    let mut check = Check::new();
    if let Some(name) = &facts.name {
        check.text("name", name, 100);
    }
    check.optional("address", facts.address.as_deref(), 200);
    check.optional("contact_name", facts.contact_name.value().map(String::as_str), 50);
    check.done()
}

/// An entity that nobody knew.
fn fresh(id: EntityId, place: &EntityPlace, facts: &EntityFacts, by: &Mark) -> Result<(EntityRow, Entity)> {
    let name = facts.name.clone().ok_or_else(|| Error::field("name", "error-required"))?;
    let entity = Entity {
        uscc: facts.uscc.value().cloned(),
        name,
        kind: facts.kind.unwrap_or(EntityKind::Shop),
        address: facts.address.clone().unwrap_or_default(),
        contact_name: facts.contact_name.value().cloned(),
        contact_phone: facts.contact_phone.value().cloned(),
    };
    let row = EntityRow {
        n: 0,
        id,
        uscc: None,
        name: String::new(),
        kind: entity.kind,
        area: place.area.clone(),
        dwelling_id: place.dwelling,
        address: String::new(),
        contact_name: None,
        contact_phone: None,
        state: EntityState::Open,
        confirmed_at: Some(by.at),
        marks: String::new(),
        version: 1,
    };
    Ok((row, entity))
}

/// Names an entity at a place: registers it, or merges what is said into what is known by its code or `id`. `expected`
/// is the version that a correction was made from.
pub async fn put_entity(
    op: &mut Op,
    news: &mut News,
    (id, expected): (Option<EntityId>, Option<i64>),
    place: &EntityPlace,
    facts: &EntityFacts,
    by: &Mark,
) -> Result<(EntityId, Vec<(Field, Verdict)>)> {
    checked(facts)?;
    let access = access(op)?;
    let seal = Seal::new(&access);
    let known = match (id, facts.uscc.value()) {
        (Some(id), _) => Some(entities::load(&mut op.tx, id).await?),
        (None, Some(code)) => entities::by_code(&mut op.tx, code).await?,
        (None, None) => None,
    };
    if let Some(row) = &known {
        places::same_version(row.version, expected)?;
    }
    let (row, entity, marks, verdicts) = if let Some(row) = known {
        let merged = rules::merge_entity(&row.entity(seal)?, &Marks::parse(&row.marks)?, facts, by);
        let row = EntityRow {
            area: place.area.clone(),
            dwelling_id: place.dwelling.or(row.dwelling_id),
            // Whoever corrects a closed one corrects it; named by its code again it is there again.
            state: if id.is_some() { row.state } else { EntityState::Open },
            confirmed_at: row.confirmed_at.max(Some(by.at)),
            ..row
        };
        (row, merged.0, merged.1, merged.2)
    } else {
        let (row, entity) = fresh(EntityId(op.uuid()), place, facts, by)?;
        (row, entity, Marks::all(*by), Vec::new())
    };
    entities::put(&mut op.tx, seal, &row, &entity, &marks, op.now).await.map_err(|e| {
        if matches!(e, Error::Conflict("error-exists")) { Error::Conflict("household-uscc-known") } else { e }
    })?;
    news.entity(row.id, &row.area);
    let changed: Vec<Field> =
        verdicts.iter().filter(|(_, v)| *v == Verdict::Taken).map(|(field, _)| *field).collect();
    let detail =
        json!({ "source": by.source, "new": id.is_none() && verdicts.is_empty(), "changed": changed });
    note(op, "entity.edit", "entity", row.id, &row.area, detail).await?;
    Ok((row.id, verdicts))
}

/// An entity has closed or gone, or is there again.
pub async fn set_entity_state(op: &mut Op, news: &mut News, id: EntityId, state: EntityState) -> Result<()> {
    let access = access(op)?;
    let seal = Seal::new(&access);
    let row = entities::load(&mut op.tx, id).await?;
    if row.state == state {
        return Ok(());
    }
    let mut entity = row.entity(seal)?;
    if state == EntityState::Gone {
        // Nobody needs to call a shop that is gone.
        entity.contact_name = None;
        entity.contact_phone = None;
    }
    let marks = Marks::parse(&row.marks)?;
    let changed = EntityRow { state, ..row };
    entities::put(&mut op.tx, seal, &changed, &entity, &marks, op.now).await?;
    news.entity(id, &changed.area);
    note(op, "entity.edit", "entity", id, &changed.area, json!({ "state": state })).await
}
