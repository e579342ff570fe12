//! One meeting: its agenda, who came, its minutes and to-dos; and the sheet that is printed.

use askama::Template;
use axum::{
    extract::{Path, Query},
    http::StatusCode,
    response::IntoResponse,
};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult, once};
use serde::Deserialize;

use super::{Room, TodoRow, day_words, standing, todo_row, week_words};
use crate::rhythm::{
    china_day,
    meeting::{self, Meeting, MeetingId, Note, Person, PointId, READ, Whole},
};

/// A point in the agenda.
pub(super) struct Row {
    pub(super) id: PointId,
    pub(super) title: String,
    pub(super) kind: String,
    pub(super) minutes: String,
    pub(super) written: Option<String>,
    pub(super) todos: Vec<TodoRow>,
    /// Struck because its ground is gone.
    pub(super) over: bool,
}

/// What was typed, what was wrong, what was done.
#[derive(Default)]
pub(super) struct Around {
    pub(super) done: String,
    pub(super) trouble: String,
    pub(super) problems: Problems,
    /// Which form was refused.
    pub(super) form: &'static str,
    pub(super) typed: Vec<(String, String)>,
}

impl Around {
    fn status(&self) -> StatusCode {
        match (self.trouble.is_empty(), self.problems.is_empty()) {
            (false, _) => StatusCode::CONFLICT,
            (_, false) => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::OK,
        }
    }
}

#[derive(Template)]
#[template(path = "meeting/meeting.html")]
struct Page {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    meeting: Meeting,
    place: String,
    when: String,
    week: String,
    moved: String,
    state: String,
    tone: &'static str,
    closed: bool,
    ended: String,
    may_hold: bool,
    /// Its day has come.
    may_close: bool,
    day: String,
    time: String,
    points: Vec<Row>,
    struck: Vec<Row>,
    unwritten: usize,
    people: Vec<Person>,
    came: usize,
    notes: Vec<(Note, String)>,
    proposed: String,
    once: String,
    around: Around,
}

impl Page {
    fn typed(&self, form: &str, name: &str) -> &str {
        if self.around.form == form { super::typed(&self.around.typed, name) } else { "" }
    }

    fn wrong(&self, form: &str, name: &str) -> Option<&str> {
        (self.around.form == form).then(|| self.around.problems.at(name)).flatten()
    }

    fn is_open(&self, form: &str) -> bool {
        self.around.form == form
    }
}

fn rows(room: &Room, ctx: &Ctx, whole: &Whole, struck: bool) -> Vec<Row> {
    let l = &ctx.locale;
    let points = whole.points.iter().filter(|p| p.struck == struck);
    points
        .map(|p| Row {
            id: p.id,
            title: room.title(ctx, p),
            kind: l.t(&format!("meeting-kind-{}", p.kind.as_str().replace('_', "-"))),
            minutes: p.minutes.clone(),
            written: p.written_by.clone().zip(p.written_at).map(|(by, at)| format!("{by} · {}", l.time(at))),
            todos: whole.given(p.id).map(|t| todo_row(room, ctx, t.clone())).collect(),
            over: p.facts.contains_key("over"),
        })
        .collect()
}

pub(super) async fn page(ctx: &Ctx, id: MeetingId, around: Around) -> WebResult {
    let room = Room::of(ctx)?;
    let l = &ctx.locale;
    let whole = meeting::whole(&mut ctx.read().await?, id).await?;
    room.sees(ctx, &whole.meeting.area)?;
    let meeting = whole.meeting.clone();
    let points = rows(&room, ctx, &whole, false);
    let (state, tone) = standing(l, meeting.state, meeting.starts_at, ctx.now());
    let (day, minute) = meeting::day_and_minute(meeting.starts_at);
    let closed = meeting.is_closed();
    let page = Page {
        chrome: room.desk.chrome(ctx, "meeting"),
        crumbs: room.crumbs(ctx, &meeting.area),
        place: room.desk.atlas.name(&meeting.area).to_owned(),
        when: l.time(meeting.starts_at),
        week: week_words(l, meeting.week()),
        moved: meeting.moved.map(|m| l.t(&format!("meeting-moved-{m}"))).unwrap_or_default(),
        state,
        tone,
        closed,
        ended: meeting
            .closed_at
            .zip(meeting.closed_by.clone())
            .map(|(at, by)| l.t_with("meeting-ended", &[("name", by), ("when", l.time(at))]))
            .unwrap_or_default(),
        may_hold: room.may_hold(ctx, &meeting.area),
        may_close: china_day(meeting.starts_at) <= china_day(ctx.now()),
        day: day.to_string(),
        time: meeting::clock(minute),
        unwritten: points.iter().filter(|p| p.minutes.is_empty()).count(),
        points,
        struck: if closed { Vec::new() } else { rows(&room, ctx, &whole, true) },
        came: whole.people.iter().filter(|p| p.came).count(),
        people: whole.people,
        notes: whole
            .notes
            .into_iter()
            .map(|n| {
                let when = l.time(n.at);
                (n, when)
            })
            .collect(),
        proposed: l.time(meeting.proposed_at),
        once: once::fresh(ctx),
        around,
        meeting,
    };
    Ok((page.around.status(), ctx.page(&page)?).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct After {
    done: String,
}

/// Words that an address may say were done.
const DONE: &[&str] = &[
    "point", "struck", "restored", "moved", "written", "people", "guest", "time", "fresh", "closed", "note",
];

async fn show(ctx: Ctx, Path(id): Path<MeetingId>, Query(after): Query<After>) -> WebResult {
    let done = DONE.iter().find(|word| **word == after.done);
    let done = done.map(|word| ctx.locale.t(&format!("meeting-done-{word}"))).unwrap_or_default();
    page(&ctx, id, Around { done, ..Around::default() }).await
}

#[derive(Template)]
#[template(path = "meeting/print.html")]
struct Sheet {
    chrome: Chrome,
    back: String,
    place: String,
    where_at: String,
    when: String,
    week: String,
    closed: bool,
    ended: String,
    head: String,
    came: String,
    absent: String,
    points: Vec<Row>,
    notes: Vec<(Note, String)>,
}

fn names(people: &[Person], wanted: impl Fn(&Person) -> bool) -> String {
    let one =
        |p: &Person| if p.place.is_empty() { p.name.clone() } else { format!("{}（{}）", p.name, p.place) };
    people.iter().filter(|p| wanted(p)).map(one).collect::<Vec<_>>().join("、")
}

/// The sheet of minutes, as it is signed and filed.
async fn print(ctx: Ctx, Path(id): Path<MeetingId>) -> WebResult {
    let room = Room::of(&ctx)?;
    let l = &ctx.locale;
    let whole = meeting::whole(&mut ctx.read().await?, id).await?;
    let meeting = &whole.meeting;
    room.sees(&ctx, &meeting.area)?;
    let sheet = Sheet {
        chrome: room.desk.chrome(&ctx, "meeting-minutes"),
        back: format!("/homes/meetings/{id}"),
        place: room.desk.atlas.path(&meeting.area),
        where_at: meeting.place.clone(),
        when: l.time(meeting.starts_at),
        week: l.t_with(
            "meeting-year-week",
            &[("year", day_year(meeting)), ("week", week_words(l, meeting.week()))],
        ),
        closed: meeting.is_closed(),
        ended: meeting
            .closed_at
            .zip(meeting.closed_by.clone())
            .map(|(at, by)| l.t_with("meeting-ended", &[("name", by), ("when", l.time(at))]))
            .unwrap_or_default(),
        head: names(&whole.people, |p| p.post == meeting::Post::Secretary),
        came: names(&whole.people, |p| p.came),
        absent: names(&whole.people, |p| !p.came),
        points: rows(&room, &ctx, &whole, false),
        notes: whole
            .notes
            .iter()
            .map(|n| (n.clone(), format!("{} · {}", n.by_name, day_words(l, n.at))))
            .collect(),
    };
    Ok(ctx.page(&sheet)?.into_response())
}

/// As text: a year is no number to be grouped.
fn day_year(meeting: &Meeting) -> String {
    meeting.starts_at.china_date().format("%Y").to_string()
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/meetings/{id}", Access::May(READ), show),
        Route::get("/homes/meetings/{id}/print", Access::May(READ), print),
    ]
}
