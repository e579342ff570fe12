//! Legal entities.

use linli_access::Purpose;
use linli_kernel::{AreaCode, Result, Timestamp, params, text};
use linli_store::{Conn, Tx};

use super::{Seal, words::Words};
use crate::{
    model::{DwellingId, Entity, EntityId, EntityKind, EntityState, Marks, Uscc},
    rules,
};

const TABLE: &str = "legal_entity";

/// An entity as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct EntityRow {
    /// In the order of registration.
    pub n: i64,
    /// Which one.
    pub id: EntityId,
    /// Its code.
    pub uscc: Option<String>,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: EntityKind,
    /// Its grid.
    pub area: AreaCode,
    /// Its door.
    pub dwelling_id: Option<DwellingId>,
    /// Where, in words.
    pub address: String,
    /// Sealed.
    pub contact_name: Option<Vec<u8>>,
    /// Sealed.
    pub contact_phone: Option<Vec<u8>>,
    /// Whether it is still there.
    pub state: EntityState,
    /// When all of it was last confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// Sources.
    pub marks: String,
    /// Grows with every change.
    pub version: i64,
}

/// The columns of an [`EntityRow`] of `legal_entity e`.
pub const ENTITY: &str = "e.n, e.id, e.uscc, e.name, e.kind, e.area, e.dwelling_id, e.address, e.contact_name, e.contact_phone, e.state,
    e.confirmed_at, e.marks, e.version";

impl EntityRow {
    /// The entity in clear.
    pub fn entity(&self, seal: Seal<'_>) -> Result<Entity> {
        let open = |field: &str, sealed: &Option<Vec<u8>>| {
            seal.open(Purpose::Entity, TABLE, self.id.0, field, sealed.as_deref())
        };
        Ok(Entity {
            uscc: self.uscc.as_deref().and_then(Uscc::parse),
            name: self.name.clone(),
            kind: self.kind,
            address: self.address.clone(),
            contact_name: open("contact_name", &self.contact_name)?,
            contact_phone: open("contact_phone", &self.contact_phone)?,
        })
    }
}

fn words(entity: &Entity, area: &AreaCode) -> String {
    let column = text::index_column([entity.name.as_str(), entity.address.as_str()]);
    let code = entity.uscc.as_ref().map(|c| c.as_str().to_lowercase()).unwrap_or_default();
    let initials = text::initials(&entity.name);
    format!("{column} | {code} {initials} {}", rules::person_words("", area))
}

/// An entity, locked for a change.
pub async fn load(tx: &mut Tx, id: EntityId) -> Result<EntityRow> {
    let lock = tx.dialect("", "FOR UPDATE OF e");
    tx.one(&format!("SELECT {ENTITY} FROM legal_entity e WHERE e.id = $1 {lock}"), params![id]).await
}

/// The entity of a code.
pub async fn by_code(conn: &mut Conn, code: &Uscc) -> Result<Option<EntityRow>> {
    let sql = format!("SELECT {ENTITY} FROM legal_entity e WHERE e.uscc = $1");
    conn.optional(&sql, params![code.as_str()]).await
}

/// Writes an entity, new or known; `row` says where it is and since when confirmed.
pub async fn put(
    tx: &mut Tx,
    seal: Seal<'_>,
    row: &EntityRow,
    entity: &Entity,
    marks: &Marks,
    now: Timestamp,
) -> Result<()> {
    let close = |field: &str, text: &Option<String>| {
        text.as_ref().map(|t| seal.seal(Purpose::Entity, TABLE, row.id.0, field, t)).transpose()
    };
    let phone_hash = entity.contact_phone.as_ref().map(|p| seal.phone_hash(p)).transpose()?;
    let n: i64 = tx
        .scalar(
            "INSERT INTO legal_entity (id, uscc, name, kind, area, dwelling_id, address, contact_name, contact_phone, phone_hash, state,
                 confirmed_at, marks, version, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, $14, $14)
             ON CONFLICT (id) DO UPDATE SET uscc = excluded.uscc, name = excluded.name, kind = excluded.kind, area = excluded.area,
                 dwelling_id = excluded.dwelling_id, address = excluded.address, contact_name = excluded.contact_name,
                 contact_phone = excluded.contact_phone, phone_hash = excluded.phone_hash, state = excluded.state,
                 confirmed_at = excluded.confirmed_at, marks = excluded.marks, version = legal_entity.version + 1,
                 updated_at = excluded.updated_at
             RETURNING n",
            params![
                row.id, entity.uscc.as_ref().map(Uscc::as_str), &entity.name, entity.kind, &row.area,
                row.dwelling_id, &entity.address, close("contact_name", &entity.contact_name)?,
                close("contact_phone", &entity.contact_phone)?, phone_hash, row.state, row.confirmed_at,
                marks.json()?, now
            ],
        )
        .await?;
    Words::Entities.replace(tx, n, words(entity, &row.area)).await
}
