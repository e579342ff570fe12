//! `/homes/meetings` and `/homes/todos`: the weekly meetings (周例会) of an area, one meeting, its to-dos.

pub(crate) mod api;
mod manage;
mod one;
mod overview;
mod point;
mod todos;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use linli_access::Access as AccessPort;
use linli_kernel::{AreaCode, Error, Result, Timestamp, time::DAY_MS};
use linli_web::{Ctx, Locale, Route};

use super::super::Desk;
use crate::rhythm::meeting::{self, HOLD, Point, PointKind, READ, State, SubjectKind, Todo, TodoState, Week};

/// What pages of meetings need beside the desk: what this person may open.
struct Room {
    desk: Desk,
    /// The person works on the phone's pages of cases.
    on_foot: bool,
}

impl Room {
    fn of(ctx: &Ctx) -> Result<Self> {
        let access = ctx.district.port::<AccessPort>()?;
        let on_foot = !access.policy.allows_somewhere(&ctx.actor, "case.triage");
        Ok(Self { desk: Desk::of(ctx, READ)?, on_foot })
    }

    /// The area that a list is about: the one in the address, else the smallest that holds all of the person's own; of
    /// a grid its community.
    fn area(&self, ctx: &Ctx, asked: &str) -> Result<AreaCode> {
        let seen = meeting::seen_areas(&self.desk.scope);
        let asked = match asked.parse::<AreaCode>() {
            Ok(code) => code,
            Err(_) if asked.is_empty() => {
                let mut around = seen.first().cloned().unwrap_or_else(|| ctx.district.area.clone());
                while !seen.iter().all(|own| around.contains(own)) {
                    around = around.parent().unwrap_or_else(|| ctx.district.area.clone());
                }
                around
            }
            Err(_) => return Err(Error::NotFound),
        };
        let code = asked.at(linli_kernel::area::AreaLevel::Community).unwrap_or(asked);
        let near = seen.iter().any(|own| own.contains(&code) || code.contains(own));
        if near && self.desk.atlas.area(&code).is_some() { Ok(code) } else { Err(Error::NotFound) }
    }

    fn sees(&self, ctx: &Ctx, area: &AreaCode) -> Result<()> {
        if meeting::sees(&self.desk.access, &ctx.actor, area) { Ok(()) } else { Err(Error::NotFound) }
    }

    fn may_hold(&self, ctx: &Ctx, area: &AreaCode) -> bool {
        self.desk.may(ctx, HOLD, area)
    }

    /// The way down to an area of meetings.
    fn crumbs(&self, ctx: &Ctx, area: &AreaCode) -> Vec<(String, String)> {
        let seen = meeting::seen_areas(&self.desk.scope);
        let mut crumbs = Vec::new();
        let mut at = Some(area.clone());
        while let Some(code) = at.filter(|c| c.as_str().len() >= ctx.district.area.as_str().len()) {
            let inside = seen.iter().any(|own| own.contains(&code));
            if !(inside || (seen.len() > 1 && seen.iter().any(|own| code.contains(own)))) {
                break;
            }
            crumbs.push((format!("/homes/meetings?at={code}"), self.desk.atlas.name(&code).to_owned()));
            at = code.parent();
        }
        crumbs.reverse();
        crumbs
    }

    /// Where a thing is looked at, for whoever may.
    fn link(&self, ctx: &Ctx, kind: SubjectKind, id: &str, area: &AreaCode) -> Option<String> {
        let may = |action| self.desk.may(ctx, action, area);
        match kind {
            SubjectKind::Case if may("case.read") => {
                Some(format!("{}/{id}", if self.on_foot { "/work/cases" } else { "/desk/cases" }))
            }
            SubjectKind::Grid if may("rhythm.read") => Some(format!("/homes/rhythm?at={id}")),
            SubjectKind::Home if may("household.read") => Some(format!("/homes/{id}")),
            _ => None,
        }
    }

    /// Where a point leads: to its thing, to the check, or to the list that it stands for.
    fn leads(&self, ctx: &Ctx, point: &Point) -> Option<String> {
        let may = |action| self.desk.may(ctx, action, &point.area);
        match (point.kind, &point.subject) {
            (PointKind::Wrong, _) => {
                let check = point.facts.get("check").filter(|_| may("rhythm.read"))?;
                Some(format!("/homes/spot/{check}"))
            }
            (PointKind::More, _) => match point.facts.get("what").map(String::as_str) {
                Some("overdue") if may("case.list") => {
                    Some(format!("/desk/cases?area={}&overdue=yes", point.area))
                }
                Some("returned") if may("case.list") => {
                    Some(format!("/desk/cases?area={}&ask=return", point.area))
                }
                Some("joint") if may("case.list") => {
                    Some(format!("/desk/cases?area={}&whistle=joint&open=yes", point.area))
                }
                Some("care_new" | "care_end") if may("rhythm.read") => {
                    Some(format!("/homes/rhythm/list?at={}&which=care", point.area))
                }
                _ => None,
            },
            (_, Some(subject)) => self.link(ctx, subject.kind, &subject.id, &point.area),
            _ => None,
        }
    }

    /// What a point is about, in words. The address of a home is for those who may see it.
    fn title(&self, ctx: &Ctx, point: &Point) -> String {
        let l = &ctx.locale;
        let fact = |name: &str| point.facts.get(name).cloned().unwrap_or_default();
        if point.kind == PointKind::Own {
            return fact("title");
        }
        let mut args: Vec<(&str, String)> = vec![("place", self.desk.atlas.name(&point.area).to_owned())];
        for (name, value) in &point.facts {
            let value = match name.as_str() {
                "address" if !self.desk.may(ctx, "household.list", &point.area) => l.t("meeting-home-hidden"),
                "due" | "day" => written_day(l, value),
                _ => value.clone(),
            };
            args.push((name.as_str(), value));
        }
        let key = match (point.kind, fact("what").as_str()) {
            (PointKind::More, what) => format!("meeting-more-{}", what.replace('_', "-")),
            (PointKind::Overdue | PointKind::Returned | PointKind::Joint, _) => {
                format!("meeting-case-{}", point.kind)
            }
            (kind, _) => format!("meeting-point-{}", kind.as_str().replace('_', "-")),
        };
        l.t_with(&key, &args)
    }
}

/// `11月27日 周五`, without the hour.
fn day_words(l: &Locale, at: Timestamp) -> String {
    let whole = l.time(at);
    whole.rsplit_once(' ').map_or(whole.clone(), |(day, _)| day.to_owned())
}

/// A day that stands in facts, as a date or an instant.
fn written_day(l: &Locale, text: &str) -> String {
    let at = text.parse::<Timestamp>().ok();
    let day = || text.parse::<NaiveDate>().ok().map(Timestamp::china_midnight);
    at.or_else(day).map_or_else(|| "—".to_owned(), |at| day_words(l, at))
}

/// The instant at which a day of [`crate::rhythm::china_day`] begins.
fn day_start(day: i64) -> Timestamp {
    Timestamp::from_millis(day * DAY_MS - linli_kernel::time::CHINA_MS)
}

fn week_words(l: &Locale, week: Week) -> String {
    let day = |d: NaiveDate| {
        let words = day_words(l, Timestamp::china_midnight(d));
        // Which days of the week they are goes without saying.
        let chinese = l.language == linli_web::i18n::Language::Chinese;
        words.split_once(' ').filter(|_| chinese).map_or(words.clone(), |(day, _)| day.to_owned())
    };
    l.t_with("meeting-week-days", &[("from", day(week.monday())), ("to", day(week.sunday()))])
}

/// A to-do in a list.
struct TodoRow {
    it: Todo,
    due: String,
    state: String,
    tone: &'static str,
    /// What it is tied to: words, and where it is looked at.
    tied: Option<(String, Option<String>)>,
    settled: String,
    may_change: bool,
}

fn todo_row(room: &Room, ctx: &Ctx, it: Todo) -> TodoRow {
    let l = &ctx.locale;
    let overdue = it.overdue(ctx.now());
    let stuck = it.state == TodoState::Open && !it.result.is_empty();
    let (key, tone) = match it.state {
        TodoState::Open if overdue => ("overdue", "bad"),
        TodoState::Open if stuck => ("stuck", "warn"),
        TodoState::Open => ("open", "info"),
        TodoState::Done => ("done", "ok"),
        TodoState::Dropped => ("dropped", "info"),
    };
    let mine = ctx.actor.account() == Some(it.responsible);
    let tied = it.subject_kind.zip(it.subject.as_ref()).map(|(kind, id)| {
        let words = match kind {
            SubjectKind::Grid => {
                id.parse().map_or_else(|_| id.clone(), |code| room.desk.atlas.name(&code).to_owned())
            }
            SubjectKind::Home if !mine && !room.desk.may(ctx, "household.list", &it.subject_area) => {
                l.t("meeting-home-hidden")
            }
            _ => it.subject_words.clone(),
        };
        (words, room.link(ctx, kind, id, &it.subject_area))
    });
    TodoRow {
        due: day_words(l, day_start(it.due)),
        state: l.t(&format!("meeting-todo-{key}")),
        tone,
        tied,
        settled: it.settled_at.map(|at| l.time(at)).unwrap_or_default(),
        may_change: it.state == TodoState::Open && room.may_hold(ctx, &it.area),
        it,
    }
}

/// Where a meeting of the list stands: words and colour.
fn standing(l: &Locale, state: State, starts_at: Timestamp, now: Timestamp) -> (String, &'static str) {
    match state {
        State::Closed => (l.t("meeting-held"), "ok"),
        State::Open if starts_at <= now => (l.t("meeting-to-hold"), "warn"),
        State::Open => (l.t("meeting-ahead"), "info"),
    }
}

/// The fields of a form by name, for the word that keeps it from being sent twice.
fn by_name(form: &[(String, String)]) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in form {
        all.entry(name.clone()).or_default().push(value.clone());
    }
    all
}

fn typed<'f>(form: &'f [(String, String)], name: &str) -> &'f str {
    form.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value.as_str())
}

pub(super) fn routes() -> Vec<Route> {
    [overview::routes(), one::routes(), manage::routes(), point::routes(), todos::routes(), api::routes()]
        .into_iter()
        .flatten()
        .collect()
}
