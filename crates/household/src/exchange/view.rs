//! What leaves: pages of the change feed with the fields that the agreement names, and nothing else.

use std::collections::{HashMap, HashSet};

use linli_access::{Access, Purpose};
use linli_kernel::{AreaCode, Result, Timestamp, params};
use linli_store::{Conn, Tx, bulk::Insert};
use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Agreement, AgreementId, Shared, feed::Item};
use crate::{
    model::{DwellingId, Field, Marks, ResidentId},
    store::{
        Seal,
        care::{self, CareMark},
        entities::{ENTITY, EntityRow},
        feed::Subject,
        people::{RESIDENT, Resident},
        places::{self, DWELLING, Dwelling, HOUSEHOLD, Household},
    },
};

/// One change as a peer hears it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Told {
    /// The change's number: a later one has a larger one, and the same one comes twice at most in a repeat.
    pub seq: i64,
    /// What kind of thing.
    pub kind: Subject,
    /// Which one.
    pub id: Uuid,
    /// The peer's own number of it, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// When.
    pub at: Timestamp,
    /// It is no longer there, or no longer in the agreement's areas: to be removed.
    pub deleted: bool,
    /// The fields that the agreement names; nothing for what is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<Map<String, Value>>,
}

/// A page of the feed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Page {
    /// In the order of their numbers.
    pub changes: Vec<Told>,
    /// Where to go on.
    pub next: i64,
    /// Whether there is more already.
    pub more: bool,
}

/// The changes with what the agreement names of the things as they are now; as many questions for a page of one
/// as for a page of five hundred.
pub async fn told(
    conn: &mut Conn,
    access: &Access,
    agreement: &Agreement,
    changes: &[Item],
    now: Timestamp,
) -> Result<Vec<Told>> {
    let view = View { agreement, seal: Seal::new(access), now };
    let of = |kind: Subject| -> HashSet<Uuid> {
        changes.iter().filter(|c| c.kind == kind).map(|c| c.subject).collect()
    };
    let mut found: HashMap<Uuid, Map<String, Value>> = HashMap::new();
    let mut external = HashMap::new();
    for kind in agreement.subjects() {
        let ids = of(kind);
        if ids.is_empty() {
            continue;
        }
        match kind {
            Subject::Resident => {
                found.extend(view.residents(conn, &ids).await?);
                external.extend(externals(conn, &agreement.peer, &ids).await?);
            }
            Subject::Dwelling => found.extend(view.dwellings(conn, &ids).await?),
            Subject::Household => found.extend(view.households(conn, &ids).await?),
            Subject::Entity => found.extend(view.entities(conn, &ids).await?),
        }
    }
    Ok(changes
        .iter()
        .map(|c| {
            let fields = found.get(&c.subject).cloned();
            Told {
                seq: c.seq,
                kind: c.kind,
                id: c.subject,
                external_id: external.get(&c.subject).cloned(),
                at: c.at,
                deleted: fields.is_none(),
                fields,
            }
        })
        .collect())
}

/// Notes of which people a peer was told, so that they can see it.
pub async fn note_told(tx: &mut Tx, id: AgreementId, told: &[Told], now: Timestamp) -> Result<usize> {
    let people: HashSet<Uuid> =
        told.iter().filter(|t| t.kind == Subject::Resident && !t.deleted).map(|t| t.id).collect();
    let insert = Insert {
        head: "INSERT INTO exchange_told (agreement_id, resident_id, first_at, last_at)",
        row: "(?, ?, ?, ?)",
        tail: "ON CONFLICT (resident_id, agreement_id) DO UPDATE SET last_at = excluded.last_at",
    };
    let rows = people.iter().map(|person| params![id, *person, now, now]).collect();
    tx.insert(insert, rows).await?;
    Ok(people.len())
}

/// A peer's own numbers of people.
async fn externals(conn: &mut Conn, peer: &str, ids: &HashSet<Uuid>) -> Result<HashMap<Uuid, String>> {
    let list = places::id_list(conn, "$2");
    let sql = format!(
        "SELECT resident_id, max(external_id) FROM exchange_external WHERE peer = $1 AND resident_id IN {list} GROUP BY resident_id"
    );
    let found: Vec<(Uuid, String)> = conn.all(&sql, params![peer, places::ids(ids.iter().copied())]).await?;
    Ok(found.into_iter().collect())
}

#[derive(sqlx::FromRow)]
struct Living {
    #[sqlx(flatten)]
    resident: Resident,
    address: Option<String>,
}

struct View<'a> {
    agreement: &'a Agreement,
    seal: Seal<'a>,
    now: Timestamp,
}

type Found = Vec<(Uuid, Map<String, Value>)>;

/// Collects the fields that are named: what is not named is not even made.
struct Fields<'a> {
    agreement: &'a Agreement,
    map: Map<String, Value>,
}

impl Fields<'_> {
    fn put<T: Serialize>(&mut self, field: Shared, value: impl FnOnce() -> T) {
        if self.agreement.names(field) {
            self.map.insert(field.name().to_owned(), json!(value()));
        }
    }
}

impl View<'_> {
    fn fields(&self) -> Fields<'_> {
        Fields { agreement: self.agreement, map: Map::new() }
    }

    fn here(&self, area: &AreaCode) -> bool {
        self.agreement.covers(area)
    }

    async fn residents(&self, conn: &mut Conn, ids: &HashSet<Uuid>) -> Result<Found> {
        let list = places::id_list(conn, "$1");
        let sql = format!(
            "SELECT {RESIDENT}, d.address FROM resident r LEFT JOIN dwelling d ON d.id = r.dwelling_id
             WHERE r.dwelling_id IS NOT NULL AND r.id IN {list}"
        );
        let ids = places::ids(ids.iter().copied());
        let people: Vec<Living> = conn.all(&sql, params![&ids]).await?;
        let mut cared: HashMap<ResidentId, Vec<CareMark>> = HashMap::new();
        if self.agreement.names(Shared::ResidentCare) {
            for mark in care::of_many(conn, &ids, self.now).await? {
                cared.entry(mark.resident_id).or_default().push(mark);
            }
        }
        let here = people.into_iter().filter(|p| self.here(&p.resident.area));
        here.map(|p| Ok((p.resident.id.0, self.resident(&p, &cared)?))).collect()
    }

    fn resident(&self, p: &Living, cared: &HashMap<ResidentId, Vec<CareMark>>) -> Result<Map<String, Value>> {
        let (r, a) = (&p.resident, self.agreement);
        let mut to = self.fields();
        to.put(Shared::ResidentName, || &r.name);
        to.put(Shared::ResidentSex, || r.sex);
        to.put(Shared::ResidentBirth, || &r.birth);
        // Opened only where it is named.
        let open = |field: Field, sealed: &Option<Vec<u8>>| {
            self.seal.open(Purpose::Resident, "resident", r.id.0, field.as_str(), sealed.as_deref())
        };
        if a.names(Shared::ResidentIdNumber) {
            let number = open(Field::IdNumber, &r.id_number)?;
            to.put(Shared::ResidentIdNumber, || number);
        }
        if a.names(Shared::ResidentPhone) {
            let phone = open(Field::Phone, &r.phone)?;
            to.put(Shared::ResidentPhone, || phone);
        }
        to.put(Shared::ResidentRelation, || r.relation);
        to.put(Shared::ResidentResidence, || r.residence);
        to.put(
            Shared::ResidentHome,
            || json!({ "dwelling": r.dwelling_id, "address": p.address, "since": r.since }),
        );
        to.put(Shared::ResidentGrid, || &r.area);
        to.put(Shared::ResidentCare, || {
            let marks = cared.get(&r.id).map(Vec::as_slice).unwrap_or_default();
            marks.iter().map(|m| json!({ "kind": m.kind, "until": m.expires_at })).collect::<Vec<_>>()
        });
        if a.names(Shared::ResidentConfirmed) {
            let marks = r.marks()?;
            to.put(Shared::ResidentConfirmed, || self.confirmed(&marks));
        }
        Ok(to.map)
    }

    /// Source and last confirmation of the fields that are named.
    fn confirmed(&self, marks: &Marks) -> Map<String, Value> {
        let named = Field::ALL.iter().filter_map(|field| {
            let shared = Shared::of_person(*field).filter(|s| self.agreement.names(*s))?;
            let mark = marks.of(*field);
            let said = json!({ "source": mark.source, "at": mark.at, "verified": mark.verified });
            Some((shared.name().to_owned(), said))
        });
        named.collect()
    }

    async fn dwellings(&self, conn: &mut Conn, ids: &HashSet<Uuid>) -> Result<Found> {
        let list = places::id_list(conn, "$1");
        let sql = format!("SELECT {DWELLING} FROM dwelling d WHERE d.closed_at IS NULL AND d.id IN {list}");
        let rows: Vec<Dwelling> = conn.all(&sql, params![places::ids(ids.iter().copied())]).await?;
        let here = rows.into_iter().filter(|d| self.here(&d.area));
        let told = here.map(|d| {
            let mut to = self.fields();
            to.put(Shared::DwellingAddress, || &d.address);
            to.put(Shared::DwellingUsage, || d.usage);
            to.put(Shared::DwellingGrid, || &d.area);
            to.put(Shared::DwellingConfirmed, || d.confirmed_at);
            (d.id.0, to.map)
        });
        Ok(told.collect())
    }

    async fn households(&self, conn: &mut Conn, ids: &HashSet<Uuid>) -> Result<Found> {
        let list = places::id_list(conn, "$1");
        let sql = format!("SELECT {HOUSEHOLD} FROM household h WHERE h.ended_at IS NULL AND h.id IN {list}");
        let rows: Vec<Household> = conn.all(&sql, params![places::ids(ids.iter().copied())]).await?;
        let here = rows.into_iter().filter(|h| self.here(&h.area));
        let told = here.map(|h| {
            let mut to = self.fields();
            to.put(Shared::HouseholdKind, || h.kind);
            to.put(Shared::HouseholdHome, || DwellingId(h.dwelling_id.0));
            to.put(Shared::HouseholdHead, || h.head);
            (h.id.0, to.map)
        });
        Ok(told.collect())
    }

    async fn entities(&self, conn: &mut Conn, ids: &HashSet<Uuid>) -> Result<Found> {
        let list = places::id_list(conn, "$1");
        let sql = format!("SELECT {ENTITY} FROM legal_entity e WHERE e.state = 'open' AND e.id IN {list}");
        let rows: Vec<EntityRow> = conn.all(&sql, params![places::ids(ids.iter().copied())]).await?;
        let here = rows.into_iter().filter(|e| self.here(&e.area));
        here.map(|e| {
            let mut to = self.fields();
            to.put(Shared::EntityName, || &e.name);
            to.put(Shared::EntityUscc, || &e.uscc);
            to.put(Shared::EntityKind, || e.kind);
            to.put(Shared::EntityAddress, || &e.address);
            to.put(Shared::EntityGrid, || &e.area);
            if self.agreement.names(Shared::EntityContact) {
                let known = e.entity(self.seal)?;
                to.put(
                    Shared::EntityContact,
                    || json!({ "name": known.contact_name, "phone": known.contact_phone }),
                );
            }
            Ok((e.id.0, to.map))
        })
        .collect()
    }
}
