//! `/admin/calendar`: working hours, holidays and make-up days, a year at a time. Each change is logged.

use askama::Template;
use axum::{extract::Query, http::StatusCode, response::Response};
use chrono::{Datelike, NaiveDate, NaiveTime};
use linli_kernel::{
    Error, Result,
    calendar::{DayException, DayKind, Hours},
    error::Check,
};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebError, WebResult};
use serde::Deserialize;

use super::{
    act::Sent,
    acts,
    forms::{Choice, Typed},
    room::{Room, back_to, chrome, page, said},
};
use crate::settings::{self, CalendarDocument};

/// Empty rows for days to add.
const SPARE: usize = 4;
/// Spans of working hours that the form has room for.
const SPANS: usize = 3;

struct Row {
    date: String,
    name: String,
    kinds: Vec<Choice>,
    error: String,
}

#[derive(Template)]
#[template(path = "desk/calendar.html")]
struct CalendarPage {
    chrome: Chrome,
    hours: Vec<(String, String)>,
    years: Vec<(i32, bool)>,
    year: i32,
    days: Vec<Row>,
    problems: Problems,
    done: String,
}

/// What the form holds, as text.
#[derive(Debug, Clone, Default)]
struct Draft {
    hours: Vec<(String, String)>,
    /// Date, kind, name.
    days: Vec<[String; 3]>,
    dropped: Vec<usize>,
}

impl Draft {
    fn of(document: &CalendarDocument, year: i32) -> Self {
        let clock = |t: NaiveTime| t.format("%H:%M").to_string();
        let mut days: Vec<&DayException> = document.days.iter().filter(|d| d.date.year() == year).collect();
        days.sort_by_key(|d| d.date);
        Self {
            hours: document.hours.iter().map(|h| (clock(h.from), clock(h.to))).collect(),
            days: days.iter().map(|d| [d.date.to_string(), d.kind.to_string(), d.name.clone()]).collect(),
            dropped: Vec::new(),
        }
    }

    fn typed(typed: &Typed) -> Self {
        let at = |list: &[String], n: usize| list.get(n).cloned().unwrap_or_default();
        let (from, to) = (typed.every("hour_from"), typed.every("hour_to"));
        let (date, kind, name) = (typed.every("date"), typed.every("kind"), typed.every("name"));
        Self {
            hours: (0..from.len()).map(|n| (at(&from, n), at(&to, n))).collect(),
            days: (0..date.len()).map(|n| [at(&date, n), at(&kind, n), at(&name, n)]).collect(),
            dropped: typed.all("drop").iter().filter_map(|n| n.parse().ok()).collect(),
        }
    }

    /// The document with this year's days replaced.
    fn read(&self, before: &CalendarDocument, year: i32) -> Result<CalendarDocument> {
        let mut check = Check::new();
        let clock = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let mut hours = Vec::new();
        for (from, to) in self.hours.iter().filter(|(f, t)| !f.trim().is_empty() || !t.trim().is_empty()) {
            let span = clock(from).zip(clock(to)).filter(|(from, to)| from < to);
            hours.extend(check.parse("hours", "desk-error-time", span).map(|(from, to)| Hours { from, to }));
        }
        let mut days: Vec<DayException> =
            before.days.iter().filter(|d| d.date.year() != year).cloned().collect();
        let rows = self.days.iter().enumerate().filter(|(n, row)| {
            !self.dropped.contains(n) && (!row[0].trim().is_empty() || !row[2].trim().is_empty())
        });
        for (n, [date, kind, name]) in rows {
            let field = format!("date-{n}");
            let date: Option<NaiveDate> = check.parse(&field, "desk-error-date", date.trim().parse().ok());
            check.require(!name.trim().is_empty(), &field, "desk-error-name");
            let Some(date) = date else { continue };
            check.require(days.iter().all(|d| d.date != date), &field, "desk-error-twice");
            let kind = kind.parse().unwrap_or(DayKind::Off);
            days.push(DayException { date, kind, name: name.trim().chars().take(40).collect() });
        }
        check.done()?;
        days.sort_by_key(|d| d.date);
        Ok(CalendarDocument { hours, days })
    }
}

fn answer(
    ctx: &Ctx,
    room: &Room,
    document: &CalendarDocument,
    year: i32,
    draft: Draft,
    problems: Problems,
    done: &str,
) -> WebResult {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut years: Vec<i32> = document.days.iter().map(|d| d.date.year()).collect();
    let now = room.now.china_date().year();
    years.extend([now, now + 1, year]);
    years.sort_unstable();
    years.dedup();
    let mut days = draft.days;
    if problems.is_empty() {
        days.extend(std::iter::repeat_n(<[String; 3]>::default(), SPARE));
    }
    let row = |(n, [date, kind, name]): (usize, [String; 3])| {
        let mut kinds = acts::words(&ctx.locale, "day", DayKind::ALL);
        for choice in &mut kinds {
            choice.chosen = choice.value == kind;
        }
        let error = problems.at(&format!("date-{n}")).unwrap_or_default().to_owned();
        Row { date, name, kinds, error }
    };
    let days = days.into_iter().enumerate().map(row).collect();
    let mut hours = draft.hours;
    while hours.len() < SPANS {
        hours.push((String::new(), String::new()));
    }
    let template = CalendarPage {
        chrome: chrome(ctx, room, "desk-admin-calendar"),
        hours,
        years: years.into_iter().map(|y| (y, y == year)).collect(),
        year,
        days,
        problems,
        done: said(ctx, done),
    };
    page(ctx, status, &template)
}

#[derive(Deserialize)]
struct Asked {
    year: Option<i32>,
    #[serde(default)]
    done: String,
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let mut room = Room::enter(&ctx).await?;
    let document = settings::calendar(&mut room.conn).await?;
    let year = asked.year.filter(|y| (2000..2200).contains(y)).unwrap_or(room.now.china_date().year());
    let draft = Draft::of(&document, year);
    answer(&ctx, &room, &document, year, draft, Problems::none(), &asked.done)
}

async fn save(ctx: &Ctx, draft: &Draft, year: i32) -> Result<()> {
    let mut op = ctx.op().await?;
    let before = settings::calendar(&mut op.tx).await?;
    let document = draft.read(&before, year)?;
    settings::save_calendar(&mut op, document).await?;
    op.commit().await
}

async fn post(ctx: Ctx, sent: Sent) -> WebResult<Response> {
    let year: i32 = sent.typed.get("year").parse().map_err(|_| Error::NotFound)?;
    let draft = Draft::typed(&sent.typed);
    match save(&ctx, &draft, year).await {
        Ok(()) => Ok(back_to(&format!("/admin/calendar?year={year}"), "saved")),
        Err(Error::Invalid(fields)) => {
            let mut room = Room::enter(&ctx).await?;
            let document = settings::calendar(&mut room.conn).await?;
            let problems = Problems::from_fields(&fields, &ctx.locale);
            answer(&ctx, &room, &document, year, draft, problems, "")
        }
        Err(error) => Err(WebError(error)),
    }
}

pub(super) fn routes() -> Vec<Route> {
    let edit = Access::May("calendar.edit");
    vec![Route::get("/admin/calendar", edit, show), Route::post("/admin/calendar", edit, post)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_survives_its_form_and_leaves_the_others() {
        let shipped = CalendarDocument::shipped().unwrap();
        let saved = Draft::of(&shipped, 2026).read(&shipped, 2026).unwrap();
        let mut sorted = shipped.days.clone();
        sorted.sort_by_key(|d| d.date);
        assert_eq!((saved.hours, saved.days), (shipped.hours, sorted));
    }

    #[test]
    fn a_day_stands_once_and_has_a_name() {
        let shipped = CalendarDocument::shipped().unwrap();
        let mut draft = Draft::of(&shipped, 2026);
        let first = draft.days[0].clone();
        let n = draft.days.len();
        draft.days.push(first);
        draft.days.push(["2026-12-30".to_owned(), "off".to_owned(), String::new()]);
        let Err(Error::Invalid(fields)) = draft.read(&shipped, 2026) else { panic!() };
        let names: Vec<String> = fields.iter().map(|f| format!("{} {}", f.field, f.key)).collect();
        assert_eq!(names, [format!("date-{n} desk-error-twice"), format!("date-{} desk-error-name", n + 1)]);
    }
}
