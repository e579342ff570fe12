//! From sound rows to rows of the register: which homes and people are there, and which are to be made.
//! A handful of queries for a whole chunk.

use std::collections::{BTreeMap, HashMap, HashSet};

use linli_access::{Access, Authorise as _, Scope};
use linli_kernel::{AreaCode, Error, FieldError, Result, Timestamp, hex, params};
use linli_store::{Conn, Op};

use super::row::Row;
use crate::{
    bulk::Load,
    model::{
        BuildingId, BuildingKind, DwellingId, Field, HouseholdId, HouseholdKind, Mark, Marks, NewBuilding,
        Person, Relation, ResidentId, Source, UnitId, Usage,
    },
    register::{self, Home, News, Outcome},
    rules,
    store::{
        Seal,
        people::ResidentRow,
        places::{self, DwellingRow, HouseholdRow},
    },
};

/// What a chunk comes to.
#[derive(Default)]
pub(super) struct Land {
    /// New homes and people, to be written first.
    pub(super) load: Load,
    /// Rows of people who are known, with their home, to be merged after.
    known: Vec<(Row, Mark, DwellingId)>,
    /// Rows that name somebody a second time in the chunk.
    repeated: i64,
    /// Of these, rows that give way to one at another address which was confirmed later.
    outweighed: Vec<Row>,
    /// Rows of people who live where who imports has no say.
    beyond: Vec<(Row, FieldError)>,
}

/// Somebody new, as the rows of a chunk say together.
struct Fresh {
    /// The row that says where they live.
    row: Row,
    person: Person,
    marks: Marks,
    confirmed: Option<Timestamp>,
}

impl Fresh {
    fn new(row: Row, by: Mark) -> Self {
        Self { person: row.person.clone(), marks: Marks::all(by), confirmed: row.confirmed, row }
    }

    /// Whether another row about them counts: always where it is about the same home, else by what it weighs.
    fn gives_way(&self, row: &Row, by: &Mark) -> bool {
        row.address_key == self.row.address_key || rules::weigh(&self.marks.of(Field::Home), by).stands()
    }

    /// Takes another row about them, as the register takes another word.
    fn take(&mut self, row: Row, by: &Mark) {
        let merged = rules::merge(&self.person, &self.marks, &row.facts, by);
        (self.person, self.marks) = (merged.person, merged.marks);
        self.confirmed = self.confirmed.max(row.confirmed);
        if row.address_key != self.row.address_key {
            self.marks.set(Field::Home, *by);
            self.row = row;
        }
    }
}

/// What came of the people who were known.
#[derive(Default)]
pub(super) struct Merged {
    pub(super) known: i64,
    pub(super) moved: i64,
    pub(super) faults: Vec<(u64, Vec<FieldError>, Vec<String>)>,
}

/// Texts or hashes as one parameter for a list of any length.
fn json<T: AsRef<str>>(list: impl IntoIterator<Item = T>) -> Result<String> {
    let all: Vec<String> = list.into_iter().map(|t| t.as_ref().to_owned()).collect();
    serde_json::to_string(&all).map_err(Error::internal)
}

fn texts(conn: &Conn) -> &'static str {
    conn.dialect("(SELECT value FROM json_each($1))", "(SELECT json_array_elements_text($1::json))")
}

fn hashes(conn: &Conn) -> &'static str {
    conn.dialect(
        "(SELECT unhex(value) FROM json_each($1))",
        "(SELECT decode(value, 'hex') FROM json_array_elements_text($1::json) AS value)",
    )
}

/// Somebody whom the register has.
#[derive(Debug, Clone)]
pub(super) struct Known {
    id: ResidentId,
    /// Where they live, if they do.
    lives: Option<AreaCode>,
}

impl Known {
    /// What stands against taking their row: they live where who imports has no say.
    pub(super) fn fault(&self, reach: &Scope) -> Option<FieldError> {
        let beyond = self.lives.as_ref().is_some_and(|area| !reach.covers(area, &[]));
        beyond.then(|| FieldError::new("address", "household-import-beyond"))
    }
}

/// The people who are known, by the place of their row: by number, else by phone and name. As
/// [`crate::store::people::find`] does it for one.
pub(super) async fn known(conn: &mut Conn, seal: Seal<'_>, rows: &[Row]) -> Result<HashMap<usize, Known>> {
    let mut by_number: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    let mut by_phone: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
    for (n, row) in rows.iter().enumerate() {
        if let Some(number) = &row.person.id_number {
            by_number.entry(seal.id_hash(number)?).or_default().push(n);
        }
        if let Some(phone) = &row.person.phone {
            by_phone.entry(seal.phone_hash(phone)?).or_default().push(n);
        }
    }
    let mut known: HashMap<usize, Known> = HashMap::new();
    let somebody = |id, area: AreaCode, here: bool| Known { id, lives: Some(area).filter(|_| here) };
    let list = json(by_number.keys().map(hex))?;
    let sql = format!(
        "SELECT id, area, dwelling_id IS NOT NULL, id_hash FROM resident WHERE id_hash IN {}",
        hashes(conn)
    );
    let found: Vec<(ResidentId, AreaCode, bool, Vec<u8>)> = conn.all(&sql, params![list]).await?;
    for (id, area, here, hash) in found {
        let who = somebody(id, area, here);
        known.extend(by_number.get(&hash).into_iter().flatten().map(|n| (*n, who.clone())));
    }
    let list = json(by_phone.keys().map(hex))?;
    let sql = format!(
        "SELECT id, area, dwelling_id IS NOT NULL, phone_hash, name, id_hash IS NOT NULL FROM resident WHERE phone_hash IN {}",
        hashes(conn)
    );
    let found: Vec<(ResidentId, AreaCode, bool, Vec<u8>, String, bool)> =
        conn.all(&sql, params![list]).await?;
    let mut twice = HashSet::new();
    for (id, area, here, hash, name, has_number) in found {
        let who = somebody(id, area, here);
        for n in by_phone.get(&hash).into_iter().flatten() {
            let Some(row) = rows.get(*n) else { continue };
            let other = row.person.id_number.is_some() && has_number;
            if row.person.name == name
                && !other
                && known.insert(*n, who.clone()).is_some_and(|before| before.id != who.id)
            {
                twice.insert(*n);
            }
        }
    }
    // Two who fit are none that is sure.
    known.retain(|n, _| !twice.contains(n) || rows.get(*n).is_some_and(|r| r.person.id_number.is_some()));
    Ok(known)
}

/// What a row's word weighs: since its day of confirmation, else since the sheet was brought.
pub(super) fn mark(row: &Row, brought: Timestamp) -> Mark {
    Mark { source: Source::Import, at: row.confirmed.unwrap_or(brought), verified: false }
}

/// Where the homes of a chunk are.
struct Places {
    dwellings: HashMap<String, DwellingId>,
    buildings: HashMap<String, BuildingId>,
    units: HashMap<(BuildingId, String), UnitId>,
    households: HashMap<DwellingId, HouseholdId>,
}

fn building_of(row: &Row) -> NewBuilding {
    let kind = if row.address.building.is_empty() { BuildingKind::House } else { BuildingKind::Flats };
    NewBuilding {
        area: row.area.clone(),
        kind,
        place: row.address.place.clone(),
        name: row.address.building.clone(),
        point: None,
        floors: None,
    }
}

impl Places {
    async fn load(conn: &mut Conn, rows: &[Row]) -> Result<Self> {
        let houses: HashSet<String> = rows.iter().map(|r| places::building_key(&building_of(r))).collect();
        // Locked, houses before doors and each in one order: what is closed in this moment is either closed before, and
        // its address free, or finds who came.
        let lock = conn.dialect("", "ORDER BY id FOR UPDATE");
        let sql = format!("SELECT address_key, id FROM building WHERE address_key IN {} {lock}", texts(conn));
        let buildings: HashMap<String, BuildingId> =
            conn.all(&sql, params![json(&houses)?]).await?.into_iter().collect();
        let keys: HashSet<&str> = rows.iter().map(|r| r.address_key.as_str()).collect();
        let sql = format!("SELECT address_key, id FROM dwelling WHERE address_key IN {} {lock}", texts(conn));
        let dwellings: HashMap<String, DwellingId> =
            conn.all(&sql, params![json(&keys)?]).await?.into_iter().collect();
        let list = places::ids(buildings.values().map(|id| id.0));
        let sql = format!(
            "SELECT building_id, name, id FROM building_unit WHERE building_id IN {}",
            places::id_list(conn, "$1")
        );
        let units: Vec<(BuildingId, String, UnitId)> = conn.all(&sql, params![list]).await?;
        let list = places::ids(dwellings.values().map(|id| id.0));
        let sql = format!(
            "SELECT dwelling_id, id FROM household WHERE ended_at IS NULL AND dwelling_id IN {} ORDER BY since DESC, id DESC",
            places::id_list(conn, "$1")
        );
        let households: Vec<(DwellingId, HouseholdId)> = conn.all(&sql, params![list]).await?;
        Ok(Self {
            dwellings,
            buildings,
            units: units
                .into_iter()
                .filter_map(|(building, name, id)| Some(((building, rules::unit_form(&name)?), id)))
                .collect(),
            households: households.into_iter().collect(),
        })
    }

    /// The home of a row, made with its house and staircase if it is new.
    fn dwelling(&mut self, op: &Op, load: &mut Load, row: &Row, by: Mark) -> DwellingId {
        if let Some(id) = self.dwellings.get(&row.address_key) {
            return *id;
        }
        let house = building_of(row);
        let key = places::building_key(&house);
        let building = *self.buildings.entry(key).or_insert_with(|| {
            let id = BuildingId(op.uuid());
            load.buildings.push((id, house));
            id
        });
        let unit = row.address.unit.as_ref().map(|name| {
            *self.units.entry((building, name.clone())).or_insert_with(|| {
                let id = UnitId(op.uuid());
                load.units.push((id, building, name.clone()));
                id
            })
        });
        let id = DwellingId(op.uuid());
        load.dwellings.push(DwellingRow {
            id,
            building,
            unit,
            area: row.area.clone(),
            floor: row.address.floor(),
            door: row.address.door.clone(),
            address: row.address.text(),
            usage: row.usage.unwrap_or(Usage::Own),
            confirmed_at: row.confirmed,
            marks: Marks::all(by),
        });
        self.dwellings.insert(row.address_key.clone(), id);
        id
    }

    /// The household of a home, made if there is none.
    fn household(&mut self, op: &Op, load: &mut Load, row: &Row, dwelling: DwellingId) -> HouseholdId {
        *self.households.entry(dwelling).or_insert_with(|| {
            let id = HouseholdId(op.uuid());
            load.households.push(HouseholdRow {
                id,
                dwelling,
                area: row.area.clone(),
                kind: HouseholdKind::Family,
                head: None,
                since: op.now,
            });
            id
        })
    }
}

impl Land {
    /// Sorts the rows of a chunk into what is new and what is known.
    pub(super) async fn of(op: &mut Op, access: &Access, rows: Vec<Row>, brought: Timestamp) -> Result<Self> {
        let reach = op.scope("household.import")?;
        let seal = Seal::new(access);
        let mut land = Self::default();
        let mut places = Places::load(&mut op.tx, &rows).await?;
        let known = known(&mut op.tx, seal, &rows).await?;
        let (mut seen, mut fresh): (HashMap<Vec<u8>, usize>, Vec<Fresh>) = (HashMap::new(), Vec::new());
        for (n, row) in rows.into_iter().enumerate() {
            let by = mark(&row, brought);
            if let Some(who) = known.get(&n) {
                if let Some(fault) = who.fault(&reach) {
                    land.beyond.push((row, fault));
                    continue;
                }
                let dwelling = places.dwelling(op, &mut land.load, &row, by);
                land.known.push((row, by, dwelling));
                continue;
            }
            if let Some(key) = row.key(seal)? {
                if let Some(first) = seen.get(&key).and_then(|at| fresh.get_mut(*at)) {
                    if first.gives_way(&row, &by) {
                        first.take(row, &by);
                        land.repeated += 1;
                    } else {
                        land.outweighed.push(row);
                    }
                    continue;
                }
                seen.insert(key, fresh.len());
            }
            fresh.push(Fresh::new(row, by));
        }
        let mut heads: BTreeMap<HouseholdId, ResidentId> = BTreeMap::new();
        for one in fresh {
            let by = mark(&one.row, brought);
            let dwelling = places.dwelling(op, &mut land.load, &one.row, by);
            let household = places.household(op, &mut land.load, &one.row, dwelling);
            let id = ResidentId(op.uuid());
            if one.person.relation == Relation::Head {
                heads.entry(household).or_insert(id);
            }
            land.load.residents.push(ResidentRow {
                id,
                dwelling,
                household,
                marks: one.marks,
                area: one.row.area,
                person: one.person,
                since: op.now,
                confirmed_at: one.confirmed,
            });
        }
        for household in &mut land.load.households {
            household.head = heads.get(&household.id).copied();
        }
        Ok(land)
    }

    /// Merges the people who are known, once the new homes are written.
    pub(super) async fn merge(self, op: &mut Op, news: &mut News) -> Result<Merged> {
        let mut merged = Merged { known: self.repeated, ..Merged::default() };
        let elsewhere = |row: Row| {
            let fault = FieldError::new("address", "household-import-elsewhere");
            (row.line, vec![fault], row.cells)
        };
        merged.faults.extend(self.beyond.into_iter().map(|(row, fault)| (row.line, vec![fault], row.cells)));
        merged.faults.extend(self.outweighed.into_iter().map(elsewhere));
        for (row, by, dwelling) in self.known {
            let home = Home { dwelling, household: None };
            let put = register::add(op, news, home, &row.facts, &by).await?;
            match put.outcome {
                Outcome::Elsewhere => {
                    merged.faults.push(elsewhere(row));
                    continue;
                }
                Outcome::Moved => merged.moved += 1,
                Outcome::Created | Outcome::Known => {}
            }
            merged.known += 1;
        }
        Ok(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_house_and_its_door_have_keys_of_one_form() {
        let area = "371002001001005".parse().unwrap();
        let house = rules::address_key(&area, "锦绣花园三栋");
        assert_eq!(house, "371002001001 锦绣花园3号楼");
        assert!(rules::address_key(&area, "锦绣花园3号楼2单元501室").starts_with(&house));
        assert_eq!(hex([0, 255, 16]), "00ff10");
    }
}
