//! A home as it lies on the phone: what a visit needs, and nothing else. No identity number, and of the phone only
//! what is shown everywhere.

use std::collections::HashMap;

use chrono::Datelike as _;
use linli_access::{Access, Purpose, masking::Masked};
use linli_kernel::{AreaCode, Result, Timestamp, hex, params};
use linli_store::{Conn, Where};
use serde::Serialize;

use super::{Due, route};
use crate::{
    model::{BuildingId, CareKind, DwellingId, Relation, Residence, ResidentId, Sex, Usage},
    rhythm::{self, LEFT, Quarter, WAITS},
    store::{
        Seal,
        people::{RESIDENT, Resident},
    },
};

/// A phone: masked, and a tag by which two are told apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Phone {
    /// `138****5678`
    pub shown: Masked,
    /// A few bytes of the keyed hash; says nothing without the key.
    pub tag: String,
}

/// A person of the home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Who.
    pub id: ResidentId,
    /// The base of an entry.
    pub version: i64,
    /// 姓名
    pub name: String,
    /// 性别
    pub sex: Sex,
    /// The year of birth.
    pub born: Option<i32>,
    /// 与户主关系
    pub relation: Relation,
    /// 户籍/流动
    pub residence: Residence,
    /// 联系电话
    pub phone: Option<Phone>,
    /// 关爱标签
    pub care: Vec<CareKind>,
}

/// A home on the phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Home {
    /// Which one.
    pub id: DwellingId,
    /// Its grid.
    pub area: AreaCode,
    /// Its house.
    pub building: BuildingId,
    /// As people call it.
    pub house: String,
    /// 单元
    pub unit: String,
    /// 楼层
    pub floor: Option<i64>,
    /// 户
    pub door: String,
    /// The whole address.
    pub address: String,
    /// 用途
    pub usage: Usage,
    /// When all of it was last confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// The base of an entry.
    pub version: i64,
    /// How much it waits.
    pub due: Due,
    /// How often it still is to be visited in this quarter.
    pub left: i64,
    /// When somebody last came and found nobody.
    pub nobody_at: Option<Timestamp>,
    /// Who lives there.
    pub people: Vec<Person>,
}

impl Home {
    /// A home of which nothing is known, for tests of the order.
    #[cfg(test)]
    pub(super) fn blank() -> Self {
        Self {
            id: DwellingId(uuid::Uuid::nil()),
            area: "371002".parse().unwrap(),
            building: BuildingId(uuid::Uuid::nil()),
            house: String::new(),
            unit: String::new(),
            floor: None,
            door: String::new(),
            address: String::new(),
            usage: Usage::Own,
            confirmed_at: None,
            version: 1,
            due: Due::Fresh,
            left: 0,
            nobody_at: None,
            people: Vec::new(),
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: DwellingId,
    area: AreaCode,
    building_id: BuildingId,
    place: String,
    name: String,
    unit: Option<String>,
    floor: Option<i64>,
    door: String,
    address: String,
    usage: Usage,
    confirmed_at: Option<Timestamp>,
    version: i64,
    left: i64,
}

/// The homes that `rows` (over `dwelling d`) name, the longest unconfirmed first, at most `limit`: four queries.
pub(super) async fn homes(
    conn: &mut Conn,
    access: &Access,
    rows: &Where,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Home>> {
    let within = format!("SELECT d.id FROM dwelling d{}", rows.text());
    let mut first = rows.clone();
    let (start, present) = (first.bind(Quarter::of(now).start()), first.bind(now));
    let inside = |column: &str| format!("AND {column} IN ({within})");
    let beside = rhythm::beside(&start, &present, &inside("v.dwelling_id"), &inside("r.dwelling_id"));
    let most = first.bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT d.id, d.area, d.building_id, b.place, b.name, u.name AS unit, d.floor, d.door, d.address, d.usage, d.confirmed_at, d.version,
                CASE WHEN {WAITS} THEN {LEFT} ELSE 0 END AS \"left\"
         FROM dwelling d JOIN building b ON b.id = d.building_id LEFT JOIN building_unit u ON u.id = d.unit_id {beside}{}
         ORDER BY coalesce(d.confirmed_at, 0), d.n LIMIT {most}",
        rows.text()
    );
    let found: Vec<Row> = conn.all(&sql, first.args()).await?;
    let sql = format!(
        "SELECT {RESIDENT} FROM resident r WHERE r.dwelling_id IN ({within})
         ORDER BY r.household_id, CASE r.relation WHEN 'head' THEN 0 WHEN 'spouse' THEN 1 ELSE 2 END, r.birth, r.n"
    );
    let residents: Vec<Resident> = conn.all(&sql, rows.clone().args()).await?;
    let mut third = rows.clone();
    let present = third.bind(now);
    let sql = format!(
        "SELECT c.resident_id, c.kind FROM care_mark c JOIN resident r ON r.id = c.resident_id
         WHERE c.ended_at IS NULL AND c.expires_at > {present} AND r.dwelling_id IN ({within}) ORDER BY c.kind"
    );
    let marks: Vec<(ResidentId, CareKind)> = conn.all(&sql, third.args()).await?;
    let sql = format!(
        "SELECT e.dwelling_id, max(e.at) FROM visit_entry e
         WHERE e.act = 'nobody' AND e.outcome = 'done' AND e.dwelling_id IN ({within}) GROUP BY e.dwelling_id"
    );
    let nobody: HashMap<DwellingId, Timestamp> =
        conn.all::<(DwellingId, Timestamp)>(&sql, rows.clone().args()).await?.into_iter().collect();
    let mut care: HashMap<ResidentId, Vec<CareKind>> = HashMap::new();
    for (id, kind) in marks {
        care.entry(id).or_default().push(kind);
    }
    let seal = Seal::new(access);
    let mut people: HashMap<DwellingId, Vec<Person>> = HashMap::new();
    for r in residents {
        let Some(at) = r.dwelling_id else { continue };
        let marks = care.remove(&r.id).unwrap_or_default();
        people.entry(at).or_default().push(person(r, seal, marks)?);
    }
    Ok(found
        .into_iter()
        .map(|row| {
            let people = people.remove(&row.id).unwrap_or_default();
            let cared = people.iter().any(|p| !p.care.is_empty());
            Home {
                due: route::due(row.left, cared),
                left: row.left,
                nobody_at: nobody.get(&row.id).copied(),
                id: row.id,
                area: row.area,
                building: row.building_id,
                house: format!("{}{}", row.place, row.name),
                unit: row.unit.unwrap_or_default(),
                floor: row.floor,
                door: row.door,
                address: row.address,
                usage: row.usage,
                confirmed_at: row.confirmed_at,
                version: row.version,
                people,
            }
        })
        .collect())
}

/// One home as it is now.
pub(super) async fn one(
    conn: &mut Conn,
    access: &Access,
    id: DwellingId,
    now: Timestamp,
) -> Result<Option<Home>> {
    let mut rows = Where::new();
    rows.and("d.id = ?", params![id]);
    Ok(homes(conn, access, &rows, now, 1).await?.pop())
}

fn person(r: Resident, seal: Seal<'_>, care: Vec<CareKind>) -> Result<Person> {
    let phone = seal.open(Purpose::Resident, "resident", r.id.0, "phone", r.phone.as_deref())?;
    let phone = match phone {
        Some(phone) => Some(Phone { tag: tag(seal, &phone)?, shown: Masked::phone(&phone) }),
        None => None,
    };
    Ok(Person {
        born: r.birth().map(|day| day.year()),
        id: r.id,
        version: r.version,
        name: r.name,
        sex: r.sex,
        relation: r.relation,
        residence: r.residence,
        phone,
        care,
    })
}

fn tag(seal: Seal<'_>, phone: &str) -> Result<String> {
    let hash = seal.phone_hash(phone)?;
    Ok(hex(&hash[..hash.len().min(6)]))
}

/// The tag of a phone as typed; nothing if it is none.
pub(super) fn tag_of(access: &Access, typed: &str) -> Result<Option<String>> {
    linli_kernel::person::parse_phone(typed).map(|phone| tag(Seal::new(access), &phone)).transpose()
}
