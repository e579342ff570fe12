//! The clock table and the working calendar: documents that an administrator edits on screen.

use std::sync::{Arc, PoisonError, RwLock};

use linli_access::{Authorise, Target};
use linli_kernel::{
    Calendar, Error, Result, Timestamp,
    calendar::{DayException, Hours, shipped_days},
};
use linli_store::{Conn, Entry, Op, settings};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::model::{CaseClock, ClockKind, ClockRules, Colour};

const CALENDAR: &str = "calendar";
const CLOCK_RULES: &str = "clock_rules";

/// The working calendar as its page edits it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarDocument {
    /// Working hours of a day.
    pub hours: Vec<Hours>,
    /// Holidays and make-up days.
    pub days: Vec<DayException>,
}

impl CalendarDocument {
    /// What a fresh district starts with.
    pub fn shipped() -> Result<Self> {
        Ok(Self { hours: Calendar::shipped_hours(), days: shipped_days().map_err(Error::internal)? })
    }
}

/// Everything by which time is promised and counted.
#[derive(Debug, Clone)]
pub struct Rulebook {
    /// Working time.
    pub calendar: Calendar,
    /// The clock table.
    pub rules: ClockRules,
}

/// A clock as a screen shows it at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ClockView {
    /// Which promise.
    pub kind: ClockKind,
    /// When it breaks.
    pub due: Timestamp,
    /// Green, amber or red.
    pub colour: Colour,
    /// It stands still.
    pub paused: bool,
    /// It has ended.
    pub ended: bool,
    /// Share of the time used, in per cent, at most 999.
    pub percent: i64,
    /// Milliseconds of its own time that are left; negative when overdue.
    pub left_ms: i64,
}

impl Rulebook {
    /// Without any edit.
    pub fn shipped() -> Result<Self> {
        Ok(Self { calendar: Calendar::shipped().map_err(Error::internal)?, rules: ClockRules::shipped() })
    }

    /// Reads a clock.
    pub fn view(&self, clock: &CaseClock, now: Timestamp) -> ClockView {
        let (used, allowed) = clock.usage(now, &self.calendar);
        ClockView {
            kind: clock.kind,
            due: clock.due,
            colour: clock.colour(now, &self.calendar, self.rules.amber_percent),
            paused: clock.paused_since().is_some(),
            ended: clock.end.is_some(),
            percent: (used.saturating_mul(100) / allowed.max(1)).clamp(0, 999),
            left_ms: allowed - used,
        }
    }
}

/// The port that keeps the parsed documents; asks the database each time whether they have changed.
#[derive(Debug, Default)]
pub struct Rulebooks(RwLock<Option<Kept>>);

#[derive(Debug, Clone)]
struct Kept {
    marks: Vec<(String, Timestamp)>,
    book: Arc<Rulebook>,
}

impl Rulebooks {
    /// The documents as they are now.
    pub async fn get(&self, conn: &mut Conn) -> Result<Arc<Rulebook>> {
        let marks: Vec<(String, Timestamp)> = conn
            .all(
                "SELECT key, updated_at FROM setting WHERE key IN ('calendar', 'clock_rules') ORDER BY key",
                vec![],
            )
            .await?;
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(kept) = kept.filter(|kept| kept.marks == marks) {
            return Ok(kept.book);
        }
        let calendar = calendar(conn).await?;
        let book = Arc::new(Rulebook {
            calendar: Calendar::new(&calendar.hours, &calendar.days).map_err(Error::internal)?,
            rules: clock_rules(conn).await?,
        });
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Kept { marks, book: book.clone() });
        Ok(book)
    }
}

/// The calendar document, for its page.
pub async fn calendar(conn: &mut Conn) -> Result<CalendarDocument> {
    settings::get(conn, CALENDAR).await?.map_or_else(CalendarDocument::shipped, Ok)
}

/// The clock table, for its page.
pub async fn clock_rules(conn: &mut Conn) -> Result<ClockRules> {
    Ok(settings::get(conn, CLOCK_RULES).await?.unwrap_or_else(ClockRules::shipped))
}

/// Saves the calendar. Running clocks keep their due times; new ones are counted anew. The caller commits.
pub async fn save_calendar(op: &mut Op, document: CalendarDocument) -> Result<()> {
    op.permit("calendar.edit", &Target::at(&op.district.area))?;
    Calendar::new(&document.hours, &document.days).map_err(|_| Error::field("days", "case-calendar-bad"))?;
    let before = calendar(&mut op.tx).await?;
    settings::put(&mut op.tx, CALENDAR, &document, op.now).await?;
    log(op, "calendar.edit", CALENDAR, json!({ "from": before, "to": document })).await
}

/// Saves the clock table. Running clocks keep their due times. The caller commits.
pub async fn save_clock_rules(op: &mut Op, rules: ClockRules) -> Result<()> {
    op.permit("clock_rule.edit", &Target::at(&op.district.area))?;
    if rules.rows.is_empty() {
        return Err(Error::field("rows", "case-clock-rule-none"));
    }
    let sound = rules.rows.iter().all(|r| (1..=100_000).contains(&r.allowance.amount) && r.extension <= 365);
    if !sound || !(1..=99).contains(&rules.amber_percent) || !(1..=365).contains(&rules.reopen_days) {
        return Err(Error::field("rows", "case-clock-rule-bad"));
    }
    let twice = rules.rows.iter().enumerate().any(|(n, row)| {
        rules.rows[..n].iter().any(|other| other.kind == row.kind && other.whistle == row.whistle)
    });
    if twice {
        return Err(Error::field("rows", "case-clock-rule-twice"));
    }
    let before = clock_rules(&mut op.tx).await?;
    settings::put(&mut op.tx, CLOCK_RULES, &rules, op.now).await?;
    log(op, "clock_rule.edit", CLOCK_RULES, json!({ "from": before, "to": rules })).await
}

async fn log(op: &mut Op, action: &'static str, key: &str, detail: serde_json::Value) -> Result<()> {
    let area = op.district.area.clone();
    op.log(Entry { action, subject: "setting", subject_id: key.to_owned(), area, detail }).await
}
