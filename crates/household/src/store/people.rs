//! People: sealed, found by keyed hashes and by the words of their names, each once in the district.

use std::collections::HashMap;

use chrono::NaiveDate;
use linli_access::Purpose;
use linli_kernel::{AreaCode, Result, Timestamp, Value, params};
use linli_store::{Conn, Tx, bulk::Insert};

use super::{Seal, words::Words};
use crate::{
    model::{
        BatchId, DwellingId, Field, HouseholdId, IdNumber, Leaving, Marks, Person, Relation, Residence,
        ResidentId, ResidentState, Sex,
    },
    rules,
};

const TABLE: &str = "resident";

/// A person as it is kept; the sealed fields stay shut until [`Resident::person`].
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Resident {
    /// In the order of registration.
    pub n: i64,
    /// Which one.
    pub id: ResidentId,
    /// Where they live.
    pub dwelling_id: Option<DwellingId>,
    /// With whom.
    pub household_id: Option<HouseholdId>,
    /// The grid, or the last one.
    pub area: AreaCode,
    /// Whether they live here.
    pub state: ResidentState,
    /// 姓名
    pub name: String,
    /// 性别
    pub sex: Sex,
    /// 出生日期
    pub birth: Option<String>,
    /// 与户主关系
    pub relation: Relation,
    /// 户籍/流动
    pub residence: Residence,
    /// Sealed.
    pub id_number: Option<Vec<u8>>,
    /// Sealed.
    pub phone: Option<Vec<u8>>,
    /// Lives there since; of whoever has left, since when that is written down.
    pub since: Timestamp,
    /// When all of it was last confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// Sources.
    pub marks: String,
    /// Grows with every change.
    pub version: i64,
}

/// The columns of a [`Resident`] of `resident r`.
pub const RESIDENT: &str = "r.n, r.id, r.dwelling_id, r.household_id, r.area, r.state, r.name, r.sex, r.birth, r.relation, r.residence,
    r.id_number, r.phone, r.since, r.confirmed_at, r.marks, r.version";

impl Resident {
    /// The person in clear.
    pub fn person(&self, seal: Seal<'_>) -> Result<Person> {
        let open = |field: Field, sealed: &Option<Vec<u8>>| {
            seal.open(Purpose::Resident, TABLE, self.id.0, field.as_str(), sealed.as_deref())
        };
        Ok(Person {
            name: self.name.clone(),
            sex: self.sex,
            birth: self.birth(),
            id_number: open(Field::IdNumber, &self.id_number)?.as_deref().and_then(IdNumber::parse),
            phone: open(Field::Phone, &self.phone)?,
            relation: self.relation,
            residence: self.residence,
        })
    }

    /// The day of birth.
    pub fn birth(&self) -> Option<NaiveDate> {
        self.birth.as_deref().and_then(|day| NaiveDate::parse_from_str(day, "%Y-%m-%d").ok())
    }

    /// Who said what when.
    pub fn marks(&self) -> Result<Marks> {
        Marks::parse(&self.marks)
    }
}

/// A person to be written.
#[derive(Debug, Clone)]
pub struct ResidentRow {
    /// Their id.
    pub id: ResidentId,
    /// Where they live.
    pub dwelling: DwellingId,
    /// With whom.
    pub household: HouseholdId,
    /// The grid.
    pub area: AreaCode,
    /// What is known.
    pub person: Person,
    /// Lives there since.
    pub since: Timestamp,
    /// When all of it was last confirmed.
    pub confirmed_at: Option<Timestamp>,
    /// Who said it.
    pub marks: Marks,
}

/// The sealed and hashed columns of a person.
struct Secret {
    id_number: Option<Vec<u8>>,
    id_hash: Option<Vec<u8>>,
    phone: Option<Vec<u8>>,
    phone_hash: Option<Vec<u8>>,
    contact_hash: Option<Vec<u8>>,
}

fn secret(seal: Seal<'_>, id: ResidentId, person: &Person) -> Result<Secret> {
    let close = |field: Field, text: &str| seal.seal(Purpose::Resident, TABLE, id.0, field.as_str(), text);
    let number = person.id_number.as_ref();
    let phone = person.phone.as_deref();
    Ok(Secret {
        id_number: number.map(|n| close(Field::IdNumber, n.as_str())).transpose()?,
        id_hash: number.map(|n| seal.id_hash(n)).transpose()?,
        phone: phone.map(|p| close(Field::Phone, p)).transpose()?,
        phone_hash: phone.map(|p| seal.phone_hash(p)).transpose()?,
        contact_hash: phone
            .filter(|_| number.is_none())
            .map(|p| seal.contact_hash(p, &person.name))
            .transpose()?,
    })
}

/// A person ready to be written: sealing costs more than writing, and can be done on several threads.
#[derive(Debug)]
pub struct Prepared {
    id: ResidentId,
    words: String,
    values: Vec<Value>,
}

/// Seals a person for [`add_prepared`].
pub fn prepare(
    seal: Seal<'_>,
    row: &ResidentRow,
    batch: Option<BatchId>,
    now: Timestamp,
) -> Result<Prepared> {
    let s = secret(seal, row.id, &row.person)?;
    let p = &row.person;
    Ok(Prepared {
        id: row.id,
        words: rules::person_words(&p.name, &row.area),
        values: params![
            row.id,
            row.dwelling,
            row.household,
            &row.area,
            ResidentState::Living,
            &p.name,
            p.sex,
            p.birth.map(|day| day.to_string()),
            p.relation,
            p.residence,
            s.id_number,
            s.id_hash,
            s.phone,
            s.phone_hash,
            s.contact_hash,
            row.since,
            row.confirmed_at,
            row.marks.json()?,
            batch,
            now,
            now
        ],
    })
}

/// Registers people and the words by which they are found.
pub async fn add_prepared(tx: &mut Tx, rows: Vec<Prepared>) -> Result<()> {
    let insert = Insert {
        head: "INSERT INTO resident (id, dwelling_id, household_id, area, state, name, sex, birth, relation, residence, id_number, id_hash,
                 phone, phone_hash, contact_hash, since, confirmed_at, marks, version, batch, created_at, updated_at)",
        row: "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?)",
        tail: "RETURNING id, n",
    };
    let mut words: HashMap<ResidentId, String> = HashMap::with_capacity(rows.len());
    let mut values = Vec::with_capacity(rows.len());
    for row in rows {
        words.insert(row.id, row.words);
        values.push(row.values);
    }
    let numbers: Vec<(ResidentId, i64)> = tx.insert_returning(insert, values).await?;
    let words = numbers.into_iter().filter_map(|(id, n)| Some((n, words.remove(&id)?)));
    Words::Residents.add(tx, words.collect()).await
}

/// A person.
pub async fn get(conn: &mut Conn, id: ResidentId) -> Result<Resident> {
    conn.one(&format!("SELECT {RESIDENT} FROM resident r WHERE r.id = $1"), params![id]).await
}

/// A person, locked for a change.
pub async fn load(tx: &mut Tx, id: ResidentId) -> Result<Resident> {
    let lock = tx.dialect("", "FOR UPDATE OF r");
    tx.one(&format!("SELECT {RESIDENT} FROM resident r WHERE r.id = $1 {lock}"), params![id]).await
}

/// Who lives in a home now, the head first.
pub async fn of_dwelling(conn: &mut Conn, dwelling: DwellingId) -> Result<Vec<Resident>> {
    let sql = format!(
        "SELECT {RESIDENT} FROM resident r WHERE r.dwelling_id = $1
         ORDER BY r.household_id, CASE r.relation WHEN 'head' THEN 0 WHEN 'spouse' THEN 1 ELSE 2 END, r.birth, r.n"
    );
    conn.all(&sql, params![dwelling]).await
}

/// The person that `person` is, if the register has them: by the number, else by phone and name.
/// Whoever has another number is somebody else.
pub async fn find(conn: &mut Conn, seal: Seal<'_>, person: &Person) -> Result<Option<Resident>> {
    if let Some(number) = &person.id_number {
        let sql = format!("SELECT {RESIDENT} FROM resident r WHERE r.id_hash = $1");
        let found = conn.optional(&sql, params![seal.id_hash(number)?]).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    let Some(phone) = &person.phone else { return Ok(None) };
    // A phone is in few records: the names are compared here.
    let sql = format!("SELECT {RESIDENT} FROM resident r WHERE r.phone_hash = $1 ORDER BY r.n LIMIT 50");
    let sharing: Vec<Resident> = conn.all(&sql, params![seal.phone_hash(phone)?]).await?;
    let mut same = sharing
        .into_iter()
        .filter(|r| r.name == person.name && (person.id_number.is_none() || r.id_number.is_none()));
    Ok(same.next().filter(|_| same.next().is_none()))
}

/// Writes what was said of a person, and where they live. `before` is the row as it was loaded.
pub async fn save(
    tx: &mut Tx,
    seal: Seal<'_>,
    before: &Resident,
    after: &Resident,
    person: &Person,
    marks: &Marks,
    now: Timestamp,
) -> Result<i64> {
    let s = secret(seal, after.id, person)?;
    let version = before.version + 1;
    tx.execute(
        "UPDATE resident SET dwelling_id = $2, household_id = $3, area = $4, state = $5, name = $6, sex = $7, birth = $8, relation = $9,
             residence = $10, id_number = $11, id_hash = $12, phone = $13, phone_hash = $14, contact_hash = $15, since = $16,
             confirmed_at = $17, marks = $18, version = $19, updated_at = $20
         WHERE id = $1",
        params![
            after.id, after.dwelling_id, after.household_id, &after.area, after.state, &person.name, person.sex,
            person.birth.map(|day| day.to_string()), person.relation, person.residence, s.id_number, s.id_hash,
            s.phone, s.phone_hash, s.contact_hash, after.since, after.confirmed_at, marks.json()?, version, now
        ],
    )
    .await?;
    if before.name != person.name || before.area != after.area {
        Words::Residents.replace(tx, after.n, rules::person_words(&person.name, &after.area)).await?;
    }
    if before.area != after.area {
        let sql = "UPDATE care_mark SET area = $2 WHERE resident_id = $1";
        tx.execute(sql, params![after.id, &after.area]).await?;
    }
    Ok(version)
}

/// Notes that all of it is still so; what is sealed is not touched.
pub async fn save_confirmed(tx: &mut Tx, r: &Resident, marks: &Marks, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE resident SET confirmed_at = $2, marks = $3, version = version + 1, updated_at = $4 WHERE id = $1",
        params![r.id, r.confirmed_at, marks.json()?, now],
    )
    .await?;
    Ok(())
}

/// A stay that is over.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Stay {
    /// Who.
    pub resident_id: ResidentId,
    /// Where.
    pub dwelling_id: DwellingId,
    /// With whom.
    pub household_id: Option<HouseholdId>,
    /// As what.
    pub relation: Relation,
    /// From.
    pub since: Timestamp,
    /// Until.
    pub until: Timestamp,
    /// Why it ended.
    pub reason: Leaving,
    /// Where to, in words.
    pub destination: Option<String>,
}

/// Writes a stay that is over.
pub async fn add_stay(tx: &mut Tx, id: uuid::Uuid, stay: &Stay) -> Result<()> {
    tx.execute(
        "INSERT INTO residence (id, resident_id, dwelling_id, household_id, relation, since, until, reason, destination)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        params![
            id, stay.resident_id, stay.dwelling_id, stay.household_id, stay.relation, stay.since, stay.until,
            stay.reason, &stay.destination
        ],
    )
    .await?;
    Ok(())
}

/// The columns of a [`Stay`] of `residence s`.
pub const STAY: &str =
    "s.resident_id, s.dwelling_id, s.household_id, s.relation, s.since, s.until, s.reason, s.destination";

/// Where somebody lived before, the last first.
pub async fn stays(conn: &mut Conn, id: ResidentId) -> Result<Vec<Stay>> {
    let sql = format!("SELECT {STAY} FROM residence s WHERE s.resident_id = $1 ORDER BY s.until DESC, s.id");
    conn.all(&sql, params![id]).await
}
