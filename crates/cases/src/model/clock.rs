//! Clocks of a case (时限) and the editable rows that say how long each runs.

use linli_kernel::{
    Calendar, Timestamp,
    actor::OrgId,
    calendar::{Allowance, Basis, Pause, Unit},
};
use serde::{Deserialize, Serialize};

use super::{
    reasons::{ClockKind, Colour, Ending},
    words::WhistleLevel,
};

/// One row of the administrator's table: how long a kind of clock runs under a whistle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockRule {
    /// Under which whistle; nothing means under each.
    pub whistle: Option<WhistleLevel>,
    /// Which promise.
    pub kind: ClockKind,
    /// How long.
    pub allowance: Allowance,
    /// By how many working days it may be extended, once; 0 means never.
    pub extension: u32,
}

/// The table as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockRules {
    /// The rows.
    pub rows: Vec<ClockRule>,
    /// Up to this share of the time a clock is green.
    pub amber_percent: u8,
    /// Days after closing within which the reporter may reopen.
    pub reopen_days: u32,
}

impl ClockRules {
    /// What a fresh district starts with.
    pub fn shipped() -> Self {
        use ClockKind as K;
        use WhistleLevel::{Joint, Regular, Tough};
        let row = |whistle, kind, amount, unit, extension| ClockRule {
            whistle,
            kind,
            allowance: Allowance::new(amount, unit),
            extension,
        };
        let rows = vec![
            row(Some(Regular), K::Close, 1, Unit::WorkingDay, 0),
            row(Some(Joint), K::Sign, 60, Unit::WorkingMinute, 0),
            row(Some(Joint), K::Contact, 24 * 60, Unit::Minute, 0),
            row(Some(Joint), K::ReportIn, 3, Unit::WorkingDay, 0),
            row(Some(Joint), K::Close, 5, Unit::WorkingDay, 10),
            row(Some(Tough), K::ReportIn, 5, Unit::WorkingDay, 0),
            row(Some(Tough), K::Supervise, 30, Unit::Day, 0),
            row(None, K::UrgentOnSite, 30, Unit::Minute, 0),
            row(None, K::AwaitReporter, 3, Unit::WorkingDay, 0),
        ];
        Self { rows, amber_percent: 80, reopen_days: 15 }
    }

    /// The row for a clock: one for this very whistle before one for each.
    pub fn find(&self, whistle: WhistleLevel, kind: ClockKind) -> Option<&ClockRule> {
        let of = |wanted| self.rows.iter().find(move |r| r.kind == kind && r.whistle == wanted);
        of(Some(whistle)).or_else(|| of(None))
    }
}

/// How and when a clock ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The instant that counts.
    pub at: Timestamp,
    /// How.
    pub how: Ending,
}

/// A granted extension (延期).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// By this many working days.
    pub days: u32,
    /// When it was granted.
    pub granted: Timestamp,
}

/// One running or ended clock of a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseClock {
    /// Its place among the clocks of the case, from 0.
    pub seq: u16,
    /// Which promise.
    pub kind: ClockKind,
    /// Under which whistle it began.
    pub whistle: WhistleLevel,
    /// Who is held to it.
    pub org: OrgId,
    /// When it began.
    pub started: Timestamp,
    /// When it ends; moves with pauses and the extension.
    pub due: Timestamp,
    /// Which time counts.
    pub basis: Basis,
    /// When it stood still; at most the last is open.
    pub pauses: Vec<Pause>,
    /// The one extension.
    pub extension: Option<Extension>,
    /// How it ended, if it has.
    pub end: Option<End>,
    /// When its being overdue was told one level up.
    pub escalated: Option<Timestamp>,
}

impl CaseClock {
    /// Not ended, but perhaps paused.
    pub fn is_live(&self) -> bool {
        self.end.is_none()
    }

    /// Since when it stands still, if it does.
    pub fn paused_since(&self) -> Option<Timestamp> {
        self.pauses.last().filter(|p| p.to.is_none() && self.is_live()).map(|p| p.from)
    }

    /// Time runs.
    pub fn is_running(&self) -> bool {
        self.is_live() && self.paused_since().is_none()
    }

    /// The instant at which the clock is read: now, or when it stopped.
    pub fn read_at(&self, now: Timestamp) -> Timestamp {
        self.end.map(|e| e.at).or(self.paused_since()).unwrap_or(now)
    }

    /// Whether the promise is broken at `now`.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.read_at(now) > self.due
    }

    /// Kept in time.
    pub fn was_kept(&self) -> bool {
        self.end.is_some_and(|e| e.how == Ending::Met && e.at <= self.due)
    }

    /// Milliseconds used and allowed, in the clock's own time.
    pub fn usage(&self, now: Timestamp, calendar: &Calendar) -> (i64, i64) {
        let running = |to| calendar.elapsed_running(self.basis, self.started, to, &self.pauses).max(0);
        let closed = self.pauses.iter().filter(|p| p.to.is_some()).copied().collect::<Vec<_>>();
        let allowed = calendar.elapsed_running(self.basis, self.started, self.due, &closed).max(0);
        (running(self.read_at(now)), allowed)
    }

    /// Green, amber or red.
    pub fn colour(&self, now: Timestamp, calendar: &Calendar, amber_percent: u8) -> Colour {
        if self.is_overdue(now) {
            return Colour::Red;
        }
        let (used, allowed) = self.usage(now, calendar);
        // Multiplied, not divided, so that exactly 80 % is still green.
        if i128::from(used) * 100 <= i128::from(allowed) * i128::from(amber_percent) {
            Colour::Green
        } else {
            Colour::Amber
        }
    }
}
