//! Half a year of cases (案件) before today: each a report and the commands that people gave after it,
//! in the words of the case rules, so that replaying them can only give cases that the rules allow.

mod cast;
mod core;
mod endings;
mod stories;
mod story;
#[cfg(test)]
mod tests;
mod text;

use linli_cases::model::{CaseId, Command, Filing};
use linli_grid::{
    defaults::{self, Duty},
    geometry::Wgs84,
};
use linli_kernel::{AreaCode, Calendar, Timestamp, time::DAY_MS};

use crate::{
    district::{DemoError, District, id_at},
    rng::Dice,
};
use cast::Cast;
use core::{Core, Shares};
use text::Phrases;

/// Cases of half a year at scale 1: 95,000 found and solved by the grids, 31,000 from the hotline.
pub const CASES: f64 = 126_000.0;
/// Days over which they are spread.
pub const DAYS: i64 = 182;

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Index into the district's people.
    Person(usize),
    /// Whoever reported the case.
    Reporter,
    /// One of our own jobs.
    System,
}

/// Something that happened to a case after its report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepPlan {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: By,
    /// What.
    pub command: Command,
}

/// Who reported, if they said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReporterPlan {
    /// Synthetic name.
    pub name: String,
    /// Synthetic number.
    pub phone: String,
}

/// One case with all that happened to it up to today.
#[derive(Debug, Clone)]
pub struct CasePlan {
    /// Counted from 0 in order of the days.
    pub nth: u64,
    /// What the rules need to open it.
    pub filing: Filing,
    /// Who brought it in.
    pub by: By,
    /// A line.
    pub title: String,
    /// The report.
    pub text: String,
    /// Where, in words.
    pub address: String,
    /// Where, on the map; some callers cannot say.
    pub place: Option<Wgs84>,
    /// The contact; none if anonymous.
    pub reporter: Option<ReporterPlan>,
    /// The hotline's own number, for calls from there.
    pub hotline_number: Option<String>,
    /// What happened after, in order of time, nothing later than today.
    pub steps: Vec<StepPlan>,
}

/// The whole demo: the district, and its cases on demand.
#[derive(Debug)]
pub struct Plan {
    /// Ground and people.
    pub district: District,
    cast: Cast,
    duties: Vec<Duty>,
    phrases: Phrases,
    shares: Shares,
    calendar: Calendar,
    grids: Vec<AreaCode>,
    seed: u64,
    count: u64,
    now: Timestamp,
}

/// Plans the demo of `seed` at `scale` (1 is the whole district) as it looks at `now`.
pub fn plan(seed: u64, scale: f64, now: Timestamp) -> Result<Plan, DemoError> {
    let district = District::generate(seed, scale)?;
    let duties = defaults::duties()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive count of cases")]
    let count = (CASES * scale).round().max(1.0) as u64;
    let phrases = Phrases::read(&duties)?;
    Ok(Plan {
        cast: Cast::of(&district),
        shares: Shares::of(&duties, &phrases),
        phrases,
        calendar: Calendar::shipped()?,
        grids: district.grids().map(|a| a.code.clone()).collect(),
        district,
        duties,
        seed,
        count,
        now,
    })
}

impl Plan {
    /// How many cases there are.
    pub fn case_count(&self) -> u64 {
        self.count
    }

    /// The cases in order of their days; each is made when it is asked for.
    pub fn cases(&self) -> impl Iterator<Item = CasePlan> + '_ {
        (0..self.count).map(|nth| self.case(nth))
    }

    /// The `nth` case: always the same for the same seed, scale and day.
    pub fn case(&self, nth: u64) -> CasePlan {
        let core = Core::of(self, nth);
        story::tell(self, core)
    }

    /// The duty list that the cases use.
    pub fn duties(&self) -> &[Duty] {
        &self.duties
    }

    /// Working days.
    pub(crate) const fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// The seed of everything.
    pub(crate) const fn seed(&self) -> u64 {
        self.seed
    }

    /// The day on which the demo is made.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    fn dice(&self, part: &str, nth: u64) -> Dice {
        Dice::stream(self.seed, part, nth)
    }

    /// When the `nth` case was reported: evenly over the days, and in each day when people are up.
    fn reported_at(&self, nth: u64) -> Timestamp {
        // Morning and late afternoon are busiest; few report at night.
        const HOURS: [f64; 24] = [
            0.3, 0.2, 0.1, 0.1, 0.2, 0.5, 1.5, 4.0, 8.0, 9.5, 9.0, 7.0, 4.5, 5.0, 7.0, 7.5, 7.5, 7.0, 6.0,
            5.0, 4.0, 3.0, 1.5, 0.6,
        ];
        let mut dice = self.dice("case-time", nth);
        if self.is_on_the_desk(nth) {
            let hours = [5.0, 20.0, 60.0][dice.weighted([5.0, 3.0, 2.0].into_iter())];
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds of some days")]
            let ago = (dice.between(0.05, hours) * 3_600_000.0) as i64;
            return Timestamp::from_millis((self.now.millis() - ago) / 1000 * 1000);
        }
        let share = (nth as f64 + dice.unit()) / self.desk_from() as f64;
        let first = self.now.millis() - DAYS * DAY_MS;
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of half a year")]
        let even = Timestamp::from_millis(first + (share * (DAYS * DAY_MS) as f64) as i64);
        let midnight = Timestamp::china_midnight(even.china_date()).millis();
        let hour = dice.weighted(HOURS.into_iter()) as f64 + dice.unit();
        #[expect(clippy::cast_possible_truncation, reason = "milliseconds of a day")]
        let at = midnight + (hour * 3_600_000.0) as i64;
        let at = if at < self.now.millis() { at } else { even.millis() };
        // Whole seconds: that is what people can see and type.
        Timestamp::from_millis(at / 1000 * 1000)
    }

    fn case_id(&self, nth: u64, at: Timestamp) -> CaseId {
        CaseId(id_at(self.seed, "case-id", nth, u64::try_from(at.millis()).unwrap_or_default()))
    }

    /// The last cases are in hand today, whatever the scale: boards that are empty show nothing.
    fn is_on_the_desk(&self, nth: u64) -> bool {
        nth >= self.desk_from()
    }

    fn desk_from(&self) -> u64 {
        self.count.saturating_sub((self.count / 25).clamp(8, 120))
    }

    /// A second report of the same thing comes shortly after the first (which has an even number).
    fn is_twin(&self, nth: u64) -> bool {
        !nth.is_multiple_of(2) && !self.is_on_the_desk(nth) && self.dice("twin", nth).chance(0.03)
    }

    fn has_twin(&self, nth: u64) -> bool {
        nth.is_multiple_of(2) && nth + 1 < self.count && self.is_twin(nth + 1)
    }
}
