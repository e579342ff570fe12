//! The homes and people of the synthetic district (示例房屋与居民): grid by grid, the same for the same seed.
//!
//! Nobody in it can be anybody: identity numbers begin with 00, which is no region, phones with 100, which
//! no network gives out. Their check characters are right, so that everything works with them.

mod family;
#[cfg(test)]
mod tests;

use linli_grid::{GridKind, geometry::Wgs84};
use linli_household::{
    bulk::Load,
    model::{
        BuildingId, BuildingKind, DwellingId, HouseholdId, HouseholdKind, Mark, Marks, NewBuilding, Relation,
        ResidentId, Source, UnitId, Usage,
    },
    rules::Address,
    store::{
        people::ResidentRow,
        places::{DwellingRow, HouseholdRow},
    },
};
use linli_kernel::{Timestamp, time::DAY_MS};
use uuid::Uuid;

use crate::{
    Dice,
    cases::Plan,
    district::{AreaPlan, id_at},
    names,
};

/// Registered residents for one home: 458,000 in 150,000.
const PER_HOME: f64 = 458_000.0 / 150_000.0;
/// Doors on a floor of a staircase.
const DOORS: usize = 2;
/// The founding day, from which ids count.
const FOUNDED: u64 = 1_767_196_800_000;

/// How houses are built in a grid.
struct Style {
    kind: BuildingKind,
    units: usize,
    floors: usize,
}

impl Plan {
    /// The homes and people of the `nth` grid, as [`linli_household::bulk::write`] takes them.
    pub fn homes(&self, nth: usize) -> Load {
        let mut load = Load::default();
        let Some(grid) = self.district.grids().nth(nth) else { return load };
        let mut builder = Builder {
            dice: Dice::stream(self.seed(), "homes", nth as u64),
            village: self.district.area(&community(grid)).is_some_and(AreaPlan::is_village),
            grid,
            nth,
            made: 0,
            now: self.now(),
            seed: self.seed(),
            first_person: self.district.grids().take(nth).map(|g| u64::from(g.residents)).sum(),
        };
        builder.build(&mut load);
        load
    }
}

fn community(grid: &AreaPlan) -> linli_kernel::AreaCode {
    grid.code.parent().unwrap_or_else(|| grid.code.clone())
}

struct Builder<'p> {
    dice: Dice,
    village: bool,
    grid: &'p AreaPlan,
    nth: usize,
    /// Ids made so far.
    made: u64,
    now: Timestamp,
    seed: u64,
    /// Residents of the grids before this one: numbers people through the whole district.
    first_person: u64,
}

impl Builder<'_> {
    fn id(&mut self) -> Uuid {
        self.made += 1;
        id_at(self.seed, "home-id", (self.nth as u64) << 32 | self.made, FOUNDED + self.nth as u64)
    }

    fn style(&self) -> Style {
        match (self.village, self.grid.kind) {
            (true, _) => Style { kind: BuildingKind::House, units: 0, floors: 1 },
            (_, Some(GridKind::Dedicated)) => Style { kind: BuildingKind::Dormitory, units: 1, floors: 5 },
            _ if self.nth.is_multiple_of(5) => Style { kind: BuildingKind::Flats, units: 2, floors: 17 },
            _ => Style { kind: BuildingKind::Flats, units: 3, floors: 6 },
        }
    }

    fn build(&mut self, load: &mut Load) {
        let people = self.grid.residents as usize;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "homes of one grid")]
        let homes = ((people as f64 / PER_HOME).round() as usize).max(usize::from(people > 0));
        let style = self.style();
        let per_house = (style.units * style.floors * DOORS).max(1);
        let mut left = people;
        for home in 0..homes {
            if home % per_house == 0 {
                self.house(load, &style, home / per_house);
            }
            let spread = left / (homes - home);
            let wanted = match self.dice.weighted([0.06, 0.16, 0.24, 0.22, 0.18, 0.10, 0.04].into_iter()) {
                size if home + 1 < homes => size.min(left).max(left.saturating_sub((homes - home - 1) * 6)),
                _ => left,
            };
            // The grid's count must come out; too many or too few so far pull the next homes along.
            let size = if spread > 4 { wanted.max(spread) } else { wanted };
            left -= size;
            self.home(load, &style, home % per_house, size, people - left - size);
        }
    }

    fn place(&self) -> String {
        if self.village {
            return self.grid_name("村");
        }
        // Grids of one community are neighbours in number, so their estates differ.
        let digits = self.grid.code.as_str().bytes().skip(6).take(6).fold(7, |n, b| n * 31 + usize::from(b));
        let grid: usize = self.grid.code.as_str()[12..].parse().unwrap_or(0);
        names::estate(digits, grid)
    }

    fn grid_name(&self, end: &str) -> String {
        let grid: usize = self.grid.code.as_str()[12..].parse().unwrap_or(0);
        format!("示范{}{end}", names::direction(grid))
    }

    fn house(&mut self, load: &mut Load, style: &Style, nth: usize) {
        let id = BuildingId(self.id());
        let name = if self.village { format!("{}号", nth + 1) } else { format!("{}号楼", nth + 1) };
        let point = self.point(nth);
        let floors = i64::try_from(style.floors).unwrap_or(1);
        let house = NewBuilding {
            area: self.grid.code.clone(),
            kind: style.kind,
            place: self.place(),
            name,
            point: Some((point.lat, point.lon)),
            floors: Some(floors),
        };
        for unit in 1..=style.units {
            let unit_id = UnitId(self.id());
            load.units.push((unit_id, id, format!("{unit}单元")));
        }
        load.buildings.push((id, house));
    }

    /// Houses in rows around the middle of the grid, on its land.
    fn point(&mut self, nth: usize) -> Wgs84 {
        let middle = self.grid.shape.label_point();
        for _ in 0..6 {
            let (row, column) = ((nth / 6) as f64 - 2.0, (nth % 6) as f64 - 2.5);
            let at = Wgs84 {
                lon: middle.lon + column * 0.0007 + self.dice.between(-0.0001, 0.0001),
                lat: middle.lat + row * 0.0005 + self.dice.between(-0.0001, 0.0001),
            };
            if self.grid.shape.contains(at) {
                return at;
            }
        }
        middle
    }

    fn home(&mut self, load: &mut Load, style: &Style, nth: usize, size: usize, before: usize) {
        let Some((building, house)) = load.buildings.last().map(|(id, house)| (*id, house.clone())) else {
            return;
        };
        let per_unit = style.floors * DOORS;
        let unit = (style.units > 0).then(|| {
            let which = load.units.len() - style.units + nth / per_unit;
            load.units.get(which).map(|(id, _, name)| (*id, name.clone()))
        });
        let unit = unit.flatten();
        let (floor, door) = if style.units == 0 {
            (None, String::new())
        } else {
            let floor = nth % per_unit / DOORS + 1;
            (i64::try_from(floor).ok(), format!("{floor}{:02}", nth % DOORS + 1))
        };
        let address = Address {
            place: house.place.clone(),
            building: house.name.clone(),
            unit: unit.as_ref().map(|(_, name)| name.clone()),
            door: door.clone(),
        };
        let usage = match size {
            0 => Usage::Empty,
            _ if self.dice.chance(0.18) => Usage::Rent,
            _ => Usage::Own,
        };
        let mark = self.mark();
        let confirmed_at = (mark.source != Source::Import).then_some(mark.at);
        let id = DwellingId(self.id());
        load.dwellings.push(DwellingRow {
            id,
            building,
            unit: unit.map(|(id, _)| id),
            area: house.area.clone(),
            floor,
            door,
            address: address.text(),
            usage,
            confirmed_at,
            marks: Marks::all(mark),
        });
        if size > 0 {
            self.family(load, id, &house, usage, size, (mark, confirmed_at), before);
        }
    }

    /// Two of three homes were confirmed within ninety days, some long ago, some never since the import.
    fn mark(&mut self) -> Mark {
        let (source, verified, from, to) = match self.dice.weighted([0.42, 0.26, 0.24, 0.08].into_iter()) {
            0 => (Source::Worker, true, 0.1, 88.0),
            1 => (Source::SelfFilled, false, 0.1, 88.0),
            2 => (Source::Worker, true, 91.0, 320.0),
            _ => (Source::Import, false, 320.0, 330.0),
        };
        Mark { source, verified, at: self.days_ago(from, to) }
    }

    fn days_ago(&mut self, from: f64, to: f64) -> Timestamp {
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of some years")]
        let ago = (self.dice.between(from, to) * DAY_MS as f64) as i64;
        Timestamp::from_millis((self.now.millis() - ago) / 1000 * 1000)
    }

    #[expect(clippy::too_many_arguments, reason = "a home's facts")]
    fn family(
        &mut self,
        load: &mut Load,
        dwelling: DwellingId,
        house: &NewBuilding,
        usage: Usage,
        size: usize,
        (mark, confirmed_at): (Mark, Option<Timestamp>),
        before: usize,
    ) {
        let household = HouseholdId(self.id());
        let since = self.days_ago(340.0, 6000.0);
        let shared = style_is_shared(house.kind, usage, size, &mut self.dice);
        let first = self.first_person + before as u64;
        let people = family::people(&mut self.dice, first, size, shared, usage, self.now);
        let mut head = None;
        for person in people {
            let id = ResidentId(self.id());
            if person.relation == Relation::Head {
                head = Some(id);
            }
            load.care.extend(family::care(&mut self.dice, id, &house.area, &person, size, self.now));
            load.residents.push(ResidentRow {
                id,
                dwelling,
                household,
                area: house.area.clone(),
                person,
                since,
                confirmed_at,
                marks: Marks::all(mark),
            });
        }
        let kind = if shared { HouseholdKind::Shared } else { HouseholdKind::Family };
        let area = house.area.clone();
        load.households.push(HouseholdRow { id: household, dwelling, area, kind, head, since });
    }
}

fn style_is_shared(kind: BuildingKind, usage: Usage, size: usize, dice: &mut Dice) -> bool {
    kind == BuildingKind::Dormitory || (usage == Usage::Rent && size > 1 && dice.chance(0.3))
}
