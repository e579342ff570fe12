//! The district's ground and people: areas with borders, organisations, posts.

mod cut;
mod orgs;
mod partition;
mod people;
#[cfg(test)]
mod tests;
mod weld;

use std::collections::HashMap;

use linli_grid::{
    AreaName, GridKind,
    defaults::{self, DataError},
    geometry::{Shape, ShapeError, Wgs84},
};
use linli_kernel::{Actor, AreaCode, actor::Post, area::AreaLevel};
use uuid::Uuid;

pub use orgs::{OrgPlan, centre_code, department_code, hotline_code, section_code};
pub use people::{PersonPlan, PostPlan};

use crate::{names, rng::Dice};
use partition::{Partition, StreetPlot};

/// Grids of the whole district at every scale.
pub const GRIDS: usize = 786;
/// Registered residents at scale 1.
pub const RESIDENTS: f64 = 458_000.0;

/// Why the district cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A carried file is broken.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The cut land is not sound.
    #[error("{area}: {cause}")]
    Land {
        /// Which area.
        area: AreaCode,
        /// What is wrong with its shape.
        #[source]
        cause: ShapeError,
    },
    /// The carried calendar is broken.
    #[error(transparent)]
    Calendar(#[from] linli_kernel::calendar::BadCalendar),
    /// More areas than codes.
    #[error(transparent)]
    Code(#[from] linli_kernel::area::BadAreaCode),
}

/// One area of any level.
#[derive(Debug, Clone)]
pub struct AreaPlan {
    /// 6, 9, 12 or 15 digits.
    pub code: AreaCode,
    /// As people say it.
    pub name: String,
    /// As the statistical list writes it; grids have none.
    pub official: Option<String>,
    /// Grids only.
    pub kind: Option<GridKind>,
    /// Its land. Borders below the district are computed and match no real ones.
    pub shape: Shape,
    /// Residents at the plan's scale.
    pub residents: u32,
    /// Households at the plan's scale.
    pub households: u32,
    /// Index into the people: the grid's worker.
    pub worker: Option<usize>,
    /// Index into the people: who stands in.
    pub deputy: Option<usize>,
    /// Grids only: where residents complain about the service.
    pub supervision_phone: Option<String>,
}

impl AreaPlan {
    /// A village, not a town community: its official name ends with the village committee.
    pub fn is_village(&self) -> bool {
        self.official.as_deref().is_some_and(|name| name.ends_with("村委会"))
    }
}

/// Everything that stands before the first case comes in.
#[derive(Debug, Clone)]
pub struct District {
    /// In order of code, every area after the one that holds it.
    pub areas: Vec<AreaPlan>,
    /// Every organisation after its parent.
    pub orgs: Vec<OrgPlan>,
    /// Everybody with an account.
    pub people: Vec<PersonPlan>,
    by_code: HashMap<String, usize>,
}

/// Where the streets lie to each other, roughly; towns far out get the large cells.
const SEATS: [(&str, f64, f64); 9] = [
    ("371002001", 122.112, 37.492),
    ("371002002", 122.122, 37.519),
    ("371002003", 122.108, 37.466),
    ("371002011", 122.080, 37.545),
    ("371002012", 122.062, 37.488),
    ("371002100", 122.000, 37.490),
    ("371002101", 121.965, 37.390),
    ("371002102", 122.250, 37.400),
    ("371002109", 122.180, 37.300),
];

impl District {
    /// The district of `seed`; `scale` counts residents, never areas.
    pub fn generate(seed: u64, scale: f64) -> Result<Self, DemoError> {
        let names = defaults::areas()?;
        let outline = defaults::outline()?;
        let streets: Vec<&AreaName> = names.iter().filter(|a| a.code.level() == AreaLevel::Street).collect();
        let communities = |street: &AreaName| {
            let street = street.code.clone();
            names.iter().filter(move |a| a.code.level() == AreaLevel::Community && street.contains(&a.code))
        };
        let counts = grid_counts(&names, seed);
        let mut left = counts.iter().copied();
        let plots: Vec<StreetPlot> = streets
            .iter()
            .enumerate()
            .map(|(nth, street)| StreetPlot {
                seat: seat(street, nth),
                communities: left.by_ref().take(communities(street).count()).collect(),
            })
            .collect();
        let land = Partition::cut(&outline, &plots, seed);
        let mut areas = Vec::new();
        for whole in names.iter().filter(|a| a.code.level() == AreaLevel::District) {
            // The same corners as the grids below have, within half a centimetre of the outline.
            areas.push(AreaPlan::named(whole, sound(&whole.code, land.shape(|_| true))?));
        }
        for (s, street) in streets.iter().enumerate() {
            let shape = land.shape(|slot| slot.0 == s);
            areas.push(AreaPlan::named(street, sound(&street.code, shape)?));
            for (c, community) in communities(street).enumerate() {
                let shape = land.shape(|slot| (slot.0, slot.1) == (s, c));
                areas.push(AreaPlan::named(community, sound(&community.code, shape)?));
                let mut rng = Dice::stream(seed, "grid-kind", (s * 1000 + c) as u64);
                let count = plots[s].communities[c];
                let dedicated = count >= 4 && rng.chance(0.55);
                for g in 0..count {
                    let code = community.code.child(u16::try_from(g + 1).unwrap_or(u16::MAX))?;
                    let shape = sound(&code, land.shape(|slot| slot == (s, c, g)))?;
                    areas.push(AreaPlan::grid(code, shape, dedicated && g + 1 == count, g, &mut rng));
                }
            }
        }
        settle_residents(&mut areas, seed, scale);
        let orgs = orgs::plan(&areas, &defaults::departments()?, &defaults::sections()?, seed);
        let people = people::plan(&mut areas, &orgs, seed);
        let by_code = orgs.iter().enumerate().map(|(i, org)| (org.code.clone(), i)).collect();
        Ok(Self { areas, orgs, people, by_code })
    }

    /// The grids in order of code.
    pub fn grids(&self) -> impl Iterator<Item = &AreaPlan> {
        self.areas.iter().filter(|a| a.code.level() == AreaLevel::Grid)
    }

    /// The organisation with this code.
    pub fn org(&self, code: &str) -> Option<&OrgPlan> {
        self.by_code.get(code).map(|i| &self.orgs[*i])
    }

    /// The person as the rules see them.
    pub fn actor(&self, person: &PersonPlan) -> Actor {
        let post = |plan: &PostPlan| {
            let org = self.org(&plan.org)?.id;
            Some(Post { role: plan.role, area: plan.area.clone(), org })
        };
        Actor::Account {
            id: person.id,
            name: person.name.clone(),
            posts: person.posts.iter().filter_map(post).collect(),
        }
    }

    /// The area with this code.
    pub fn area(&self, code: &AreaCode) -> Option<&AreaPlan> {
        self.areas.binary_search_by(|a| a.code.cmp(code)).ok().map(|i| &self.areas[i])
    }
}

impl AreaPlan {
    fn named(name: &AreaName, shape: Shape) -> Self {
        Self {
            code: name.code.clone(),
            name: name.short.clone(),
            official: Some(name.official.clone()),
            kind: None,
            shape,
            residents: 0,
            households: 0,
            worker: None,
            deputy: None,
            supervision_phone: None,
        }
    }

    fn grid(code: AreaCode, shape: Shape, dedicated: bool, nth: usize, rng: &mut Dice) -> Self {
        const SITES: &[&str] = &["商圈", "校园", "产业园", "农贸市场", "商务楼宇", "医院", "港口", "物流园"];
        let (kind, name) = if dedicated {
            (GridKind::Dedicated, format!("{}专属网格", rng.word(SITES)))
        } else {
            (GridKind::Basic, format!("第{}网格", nth + 1))
        };
        let phone =
            names::landline(code.as_str()[6..].bytes().fold(0, |n, b| (n * 7 + usize::from(b)) % 900_000));
        Self {
            code,
            name,
            official: None,
            kind: Some(kind),
            shape,
            residents: 0,
            households: 0,
            worker: None,
            deputy: None,
            supervision_phone: Some(phone),
        }
    }
}

/// An id that a seed gives to the `nth` thing of the founding day, 1 January 2026 in China.
fn founding_id(seed: u64, part: &str, nth: usize) -> Uuid {
    id_at(seed, part, nth as u64, 1_767_196_800_000)
}

/// An id that a seed gives to the `nth` thing, sorting by the instant `millis`.
pub(crate) fn id_at(seed: u64, part: &str, nth: u64, millis: u64) -> Uuid {
    let mut dice = Dice::stream(seed, part, nth);
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&dice.bits().to_be_bytes());
    bytes[8..].copy_from_slice(&dice.bits().to_be_bytes()[..2]);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}

fn sound(area: &AreaCode, shape: Result<Shape, ShapeError>) -> Result<Shape, DemoError> {
    shape.map_err(|cause| DemoError::Land { area: area.clone(), cause })
}

fn seat(street: &AreaName, nth: usize) -> Wgs84 {
    let known = SEATS.iter().find(|s| s.0 == street.code.as_str());
    let (_, lon, lat) = known.or(SEATS.get(nth)).copied().unwrap_or(SEATS[0]);
    Wgs84 { lon, lat }
}

/// Grids per community: about five in town and two in a village, 786 together.
fn grid_counts(names: &[AreaName], seed: u64) -> Vec<usize> {
    let mut rng = Dice::stream(seed, "grid-counts", 0);
    let mut counts: Vec<usize> = names
        .iter()
        .filter(|a| a.code.level() == AreaLevel::Community)
        .map(|a| if a.official.ends_with("村委会") { 1 + rng.below(3) } else { 4 + rng.below(3) })
        .collect();
    loop {
        let sum: usize = counts.iter().sum();
        let i = rng.below(counts.len());
        match sum.cmp(&GRIDS) {
            std::cmp::Ordering::Less => counts[i] += 1,
            std::cmp::Ordering::Greater if counts[i] > 1 => counts[i] -= 1,
            std::cmp::Ordering::Greater => {}
            std::cmp::Ordering::Equal => return counts,
        }
    }
}

/// Shares the residents out and sums them upwards.
fn settle_residents(areas: &mut [AreaPlan], seed: u64, scale: f64) {
    let villages: Vec<bool> = areas.iter().map(AreaPlan::is_village).collect();
    let mut rng = Dice::stream(seed, "residents", 0);
    let mut in_village = false;
    let mut weights = vec![0.0; areas.len()];
    for (i, area) in areas.iter().enumerate() {
        match area.kind {
            None => in_village = villages[i],
            Some(GridKind::Dedicated) => weights[i] = rng.between(0.05, 0.2),
            Some(GridKind::Basic) if in_village => weights[i] = rng.between(0.2, 0.5),
            Some(GridKind::Basic) => weights[i] = rng.between(0.7, 1.5),
        }
    }
    let sum: f64 = weights.iter().sum();
    let mut totals = std::collections::BTreeMap::<AreaCode, (u32, u32)>::new();
    for (area, weight) in areas.iter_mut().zip(weights).filter(|(a, _)| a.kind.is_some()) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "counts of one grid's people"
        )]
        let (residents, households) = {
            let people = RESIDENTS * scale * weight / sum;
            (people.round() as u32, (people / 2.6).ceil() as u32)
        };
        (area.residents, area.households) = (residents, households);
        let mut up = area.code.parent();
        while let Some(code) = up {
            let total = totals.entry(code.clone()).or_default();
            *total = (total.0 + residents, total.1 + households);
            up = code.parent();
        }
    }
    for area in areas {
        if let Some((residents, households)) = totals.get(&area.code) {
            (area.residents, area.households) = (*residents, *households);
        }
    }
}
