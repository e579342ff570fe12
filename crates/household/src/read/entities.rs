//! Legal entities within a scope (法人名录): the list, and what a search finds in it.

use linli_access::{Access, Scope};
use linli_kernel::{AreaCode, Error, Result, params, text};
use linli_store::{Conn, Where};

use super::find::{Words, single, within};
use crate::{
    model::{Entity, EntityId, Uscc},
    store::{
        Seal,
        entities::{ENTITY, EntityRow},
    },
};

/// A page of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntityPage {
    /// In the order of registration.
    pub entities: Vec<EntityRow>,
    /// After this one the next page begins.
    pub more: Option<i64>,
}

/// The entities of a scope, and of `area` if given, whose name, initials or address has what was typed, or whose code
/// it is; everything where nothing was typed.
pub async fn entities(
    conn: &mut Conn,
    scope: &Scope,
    area: Option<&AreaCode>,
    typed: &str,
    after: i64,
    size: usize,
) -> Result<EntityPage> {
    let limit = i64::try_from(size + 1).unwrap_or(i64::MAX);
    let mut rows = match Uscc::parse(typed) {
        Some(code) => {
            let mut rows = Where::new();
            rows.and("e.uscc = ?", vec![code.as_str().into()]);
            rows
        }
        None => match text::query_terms(&text::normalise(typed)) {
            terms if terms.is_empty() && typed.trim().is_empty() => Where::new(),
            terms if terms.is_empty() => return Ok(EntityPage::default()),
            terms => {
                let list = Words { number: "e.n", table: "entity_words", terms, exact: true };
                let everywhere = area.is_none() && *scope == Scope::everything();
                list.condition(conn, single(scope, area), everywhere, after, limit)
            }
        },
    };
    within(&mut rows, "e", scope, area);
    rows.and("e.n > ?", vec![after.into()]);
    let limit = rows.bind(limit);
    let sql = format!("SELECT {ENTITY} FROM legal_entity e{} ORDER BY e.n LIMIT {limit}", rows.text());
    let mut entities: Vec<EntityRow> = conn.all(&sql, rows.args()).await?;
    let more = (entities.len() > size).then(|| entities.get(size.checked_sub(1)?).map(|e| e.n)).flatten();
    entities.truncate(size);
    Ok(EntityPage { entities, more })
}

/// One entity within a scope, its contact in clear: whoever shows it masks it.
pub async fn entity(
    conn: &mut Conn,
    access: &Access,
    scope: &Scope,
    id: EntityId,
) -> Result<(EntityRow, Entity)> {
    let sql = format!("SELECT {ENTITY} FROM legal_entity e WHERE e.id = $1");
    let row: EntityRow = conn.one(&sql, params![id]).await?;
    if !scope.covers(&row.area, &[]) {
        return Err(Error::NotFound);
    }
    let entity = row.entity(Seal::new(access))?;
    Ok((row, entity))
}
