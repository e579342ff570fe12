//! What happened, where, and who says so: the part of a case that its story builds on.

use linli_cases::model::{Nature, Source};
use linli_grid::{
    GridKind,
    defaults::Duty,
    geometry::{Shape, Wgs84},
};
use linli_kernel::{AreaCode, Timestamp, time::DAY_MS};

use super::{
    Plan,
    text::{Phrases, Trouble},
};
use crate::{
    district::AreaPlan,
    names::{self, Setting},
    rng::Dice,
};

/// The facts.
#[derive(Debug, Clone)]
pub(super) struct Core {
    pub(super) nth: u64,
    pub(super) at: Timestamp,
    pub(super) source: Source,
    pub(super) nature: Nature,
    pub(super) grid: AreaCode,
    /// The community's name, as the report says it.
    pub(super) area_name: String,
    pub(super) duty: usize,
    pub(super) trouble: Trouble,
    pub(super) address: String,
    pub(super) place: Wgs84,
}

/// Share of each first-level class among reports.
const CLASSES: [(&str, f64); 15] = [
    ("01", 14.0),
    ("02", 27.0),
    ("03", 9.0),
    ("04", 7.0),
    ("05", 7.0),
    ("06", 6.0),
    ("07", 4.0),
    ("08", 4.0),
    ("09", 7.0),
    ("10", 6.0),
    ("11", 5.0),
    ("12", 6.0),
    ("13", 6.0),
    ("14", 1.0),
    ("15", 3.0),
];

impl Core {
    pub(super) fn of(plan: &Plan, nth: u64) -> Self {
        if plan.is_twin(nth) {
            return Self::twin(plan, nth);
        }
        let mut dice = plan.dice("core", nth);
        let at = plan.reported_at(nth);
        let source = source(&mut dice);
        // Every week one place is on everybody's mind (热点).
        let week = at.millis() / (7 * DAY_MS);
        if source != Source::Grid && dice.chance(0.05) {
            let mut hot = plan.dice("hot", u64::try_from(week).unwrap_or_default());
            let mut core = Self::draw(plan, nth, at, source, &mut hot);
            core.nature = nature(core.trouble.about_place, &mut dice);
            core.place = somewhere_near(plan, &core.grid, core.place, &mut dice);
            return core;
        }
        Self::draw(plan, nth, at, source, &mut dice)
    }

    fn draw(plan: &Plan, nth: u64, at: Timestamp, source: Source, dice: &mut Dice) -> Self {
        let grid = dice.pick(&plan.grids).cloned().unwrap_or_else(|| plan.district.areas[0].code.clone());
        let area = plan.district.area(&grid);
        let home = grid.parent().and_then(|c| plan.district.area(&c));
        let village = home.is_some_and(AreaPlan::is_village);
        let dedicated = area.is_some_and(|a| a.kind == Some(GridKind::Dedicated));
        let duty = plan.shares.pick(source, village, dice);
        let trouble = plan.phrases.of(duty).trouble(dice);
        let setting = match (dedicated, village) {
            (true, _) => Setting::Dedicated,
            (false, true) => Setting::Village,
            (false, false) if trouble.about_place && dice.chance(0.4) => Setting::Street,
            (false, false) => Setting::Estate,
        };
        let area_name = home.map(|a| a.name.clone()).unwrap_or_default();
        let grid_name = area.map(|a| a.name.as_str()).unwrap_or_default();
        let address = names::address(dice, &area_name, grid_name, setting);
        let place = area.map_or(Wgs84 { lon: 0.0, lat: 0.0 }, |a| somewhere_in(&a.shape, dice));
        let nature = nature(trouble.about_place, dice);
        Self { nth, at, source, nature, grid, area_name, duty, trouble, address, place }
    }

    /// The same trouble, told by somebody else an hour or so later.
    fn twin(plan: &Plan, nth: u64) -> Self {
        let mut first = Self::of(plan, nth - 1);
        let mut dice = plan.dice("twin-of", nth);
        first.nth = nth;
        first.source = if dice.chance(0.5) { Source::Hotline } else { Source::Resident };
        let later = first.at.millis() + 60_000 * (20 + i64::try_from(dice.below(180)).unwrap_or(0));
        first.at = Timestamp::from_millis(later.min(plan.now.millis()));
        first.place = somewhere_near(plan, &first.grid, first.place, &mut dice);
        first
    }
}

fn source(dice: &mut Dice) -> Source {
    const SHARES: [(Source, f64); 7] = [
        (Source::Grid, 62.0),
        (Source::Hotline, 24.6),
        (Source::Resident, 9.0),
        (Source::Property, 1.5),
        (Source::Inspection, 1.2),
        (Source::Rider, 1.0),
        (Source::Open311, 0.7),
    ];
    SHARES[dice.weighted(SHARES.iter().map(|s| s.1))].0
}

fn nature(about_place: bool, dice: &mut Dice) -> Nature {
    let shares: [(Nature, f64); 5] = if about_place {
        [
            (Nature::Complaint, 50.0),
            (Nature::Help, 30.0),
            (Nature::Tip, 12.0),
            (Nature::Suggestion, 5.0),
            (Nature::Question, 3.0),
        ]
    } else {
        [
            (Nature::Complaint, 22.0),
            (Nature::Help, 43.0),
            (Nature::Tip, 1.0),
            (Nature::Suggestion, 2.0),
            (Nature::Question, 32.0),
        ]
    };
    shares[dice.weighted(shares.iter().map(|s| s.1))].0
}

/// How often each row of the duty list comes up, by who looks and where.
#[derive(Debug)]
pub(super) struct Shares([Vec<f64>; 4]);

impl Shares {
    pub(super) fn of(duties: &[Duty], phrases: &Phrases) -> Self {
        let share = |i: usize, duty: &Duty, village: bool, on_a_round: bool| {
            let class = CLASSES.iter().find(|c| duty.code.starts_with(c.0)).map_or(1.0, |c| c.1);
            let size = duties.iter().filter(|d| d.level1 == duty.level1).count() as f64;
            let rural = duty.code.starts_with("11");
            let estate = duty.code.starts_with("0101") || duty.code.starts_with("1003");
            let here = match (rural, estate, village) {
                (true, _, true) => 6.0,
                (true, _, false) | (_, true, true) => 0.0,
                _ => 1.0,
            };
            // On a round one sees places, not somebody's pension.
            let seen = if on_a_round && !phrases.of(i).about_place { 0.05 } else { 1.0 };
            class / size * here * seen
        };
        let list =
            |village, round| duties.iter().enumerate().map(|(i, d)| share(i, d, village, round)).collect();
        Self([list(false, false), list(false, true), list(true, false), list(true, true)])
    }

    fn pick(&self, source: Source, village: bool, dice: &mut Dice) -> usize {
        let round = matches!(source, Source::Grid | Source::Inspection | Source::Rider | Source::Property);
        dice.weighted(self.0[usize::from(village) * 2 + usize::from(round)].iter().copied())
    }
}

fn somewhere_in(shape: &Shape, dice: &mut Dice) -> Wgs84 {
    let (low, high) = shape.bounds();
    for _ in 0..40 {
        let at = Wgs84 { lon: dice.between(low.lon, high.lon), lat: dice.between(low.lat, high.lat) };
        if shape.contains(at) {
            return at;
        }
    }
    shape.label_point()
}

/// Within some twenty metres, in the same grid.
fn somewhere_near(plan: &Plan, grid: &AreaCode, at: Wgs84, dice: &mut Dice) -> Wgs84 {
    let near = Wgs84 { lon: at.lon + dice.between(-2e-4, 2e-4), lat: at.lat + dice.between(-2e-4, 2e-4) };
    if plan.district.area(grid).is_some_and(|a| a.shape.contains(near)) { near } else { at }
}
