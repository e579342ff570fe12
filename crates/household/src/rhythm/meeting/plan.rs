//! When a community meets (例会时间): set by its secretary; the system makes each week's meeting from it.

use linli_kernel::{AreaCode, Calendar, Error, Result, Timestamp, area::AreaLevel, error::Check, params};
use linli_store::{Conn, District, Entry, Op, worker::Work};
use serde_json::json;

use super::{Week, held_on, instant, make::owe, see::permit_hold};

/// A port: the house calendar with its holidays. Without it, the one that is shipped.
#[derive(Debug, Clone, Copy)]
pub struct WorkingDays(pub for<'a> fn(&'a District, &'a mut Conn) -> Work<'a, Calendar>);

/// The calendar as it is now.
pub(super) async fn calendar(district: &District, conn: &mut Conn) -> Result<Calendar> {
    match district.ports.get::<WorkingDays>() {
        Some(port) => (port.0)(district, conn).await,
        None => Calendar::shipped().map_err(Error::internal),
    }
}

/// When a community meets.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Plan {
    /// The community.
    pub area: AreaCode,
    /// Counted from Monday.
    pub weekday: i64,
    /// Counted from midnight in China.
    pub minute: i64,
    /// Where.
    pub place: String,
    /// Whether meetings are made.
    pub active: bool,
    /// The first week for which it holds.
    pub from_week: i64,
    /// The base of the next change.
    pub version: i64,
    /// Who set it.
    pub changed_by: String,
    /// When.
    pub changed_at: Timestamp,
}

impl Plan {
    /// `14:30`.
    pub fn time(&self) -> String {
        clock(self.minute)
    }
}

/// `14:30` of a minute of the day.
pub fn clock(minute: i64) -> String {
    format!("{:02}:{:02}", minute.div_euclid(60), minute.rem_euclid(60))
}

/// The minute of the day of `14:30`.
pub fn minute(text: &str) -> Option<i64> {
    let (hour, minute) = text.trim().split_once(':')?;
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.get(..2)?.parse().ok()?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
}

/// What a secretary sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPlan {
    /// Counted from Monday; Monday to Friday.
    pub weekday: Option<i64>,
    /// Counted from midnight.
    pub minute: Option<i64>,
    /// Where.
    pub place: String,
    /// Whether meetings are made.
    pub active: bool,
}

const PLAN: &str = "area, weekday, minute, place, active, from_week, version, changed_by, changed_at";

/// When a community meets, if that was set. The caller asks whether it may be seen.
pub async fn plan(conn: &mut Conn, area: &AreaCode) -> Result<Option<Plan>> {
    conn.optional(&format!("SELECT {PLAN} FROM meeting_plan WHERE area = $1"), params![area]).await
}

/// The plans of an area, by the code of the community: one query.
pub async fn plans(conn: &mut Conn, area: &AreaCode) -> Result<Vec<Plan>> {
    let (low, high) = area.range();
    let sql = format!("SELECT {PLAN} FROM meeting_plan WHERE area >= $1 AND area < $2 ORDER BY area");
    conn.all(&sql, params![low, high]).await
}

/// Sets when a community meets; `base` is the version that was changed, nought if there was none. This week's meeting
/// moves with it where neither time is over; what has its time behind it begins with the next week. The caller commits.
pub async fn set_plan(op: &mut Op, area: &AreaCode, base: i64, new: &NewPlan) -> Result<()> {
    if area.level() != AreaLevel::Community {
        return Err(Error::NotFound);
    }
    permit_hold(op, area)?;
    let mut check = Check::new();
    let weekday =
        check.parse("weekday", "meeting-weekday-needed", new.weekday.filter(|d| (0..5).contains(d)));
    let minute = check.parse("time", "meeting-time-needed", new.minute.filter(|m| (0..24 * 60).contains(m)));
    let place = check.optional("place", Some(&new.place), 60).unwrap_or_default();
    check.done()?;
    let (Some(weekday), Some(minute)) = (weekday, minute) else { return Err(Error::NotFound) };
    let lock = op.tx.dialect("", "FOR UPDATE").to_owned();
    let sql = format!("SELECT {PLAN} FROM meeting_plan WHERE area = $1 {lock}");
    let before: Option<Plan> = op.tx.optional(&sql, params![area]).await?;
    if let Some(b) = &before
        && (b.weekday, b.minute, b.active) == (weekday, minute, new.active)
        && b.place == place
    {
        return Ok(());
    }
    if before.as_ref().map_or(0, |b| b.version) != base {
        return Err(Error::Conflict("meeting-plan-changed"));
    }
    let district = op.district.clone();
    let calendar = calendar(&district, &mut op.tx).await?;
    let week = Week::of(op.now);
    let start = held_on(week, weekday, &calendar).map(|day| instant(day, minute));
    let ahead = start.filter(|at| *at > op.now);
    let from = if ahead.is_some() { week } else { week.next() };
    // Somebody who sets the first plan at the same moment is faster or slower, never both.
    let by = op.actor.name().to_owned();
    let written = op
        .tx
        .execute(
            "INSERT INTO meeting_plan (area, weekday, minute, place, active, from_week, version, changed_at, changed_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (area) DO UPDATE SET weekday = excluded.weekday, minute = excluded.minute, place = excluded.place,
               active = excluded.active, from_week = excluded.from_week, version = excluded.version, changed_at = excluded.changed_at,
               changed_by = excluded.changed_by WHERE meeting_plan.version = $10",
            params![area, weekday, minute, &place, new.active, from.0, base + 1, op.now, by, base],
        )
        .await?;
    if written == 0 {
        return Err(Error::Conflict("meeting-plan-changed"));
    }
    if let Some(start) = ahead {
        op.tx
            .execute(
                "UPDATE meeting SET starts_at = $3, place = $4 WHERE area = $1 AND week = $2 AND state = 'open' AND moved IS NULL
                   AND starts_at > $5",
                params![area, week.0, start, &place, op.now],
            )
            .await?;
    }
    let detail = json!({ "weekday": weekday, "time": clock(minute), "place": place, "active": new.active });
    op.log(Entry {
        action: "meeting.plan",
        subject: "meeting_plan",
        subject_id: area.to_string(),
        area: area.clone(),
        detail,
    })
    .await?;
    if new.active { owe(op, area).await } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_read_as_forms_send_them() {
        assert_eq!(minute("14:30"), Some(870));
        assert_eq!(minute("09:05:00"), Some(545));
        for bad in ["", "24:00", "9", "-1:30", "12:60", "12:x", "十点:00"] {
            assert_eq!(minute(bad), None, "{bad}");
        }
        assert_eq!(clock(870), "14:30");
    }
}
