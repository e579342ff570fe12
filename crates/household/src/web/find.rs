//! `/homes/find`: search by number, phone, name, initials, address. What was typed stays out of addresses
//! and logs: the form is sent, not linked.

use askama::Template;
use axum::{extract::Form, response::IntoResponse};
use linli_web::{Access, Chrome, Ctx, Route, WebResult};
use serde::Deserialize;

use super::{Desk, ago, word};
use crate::{
    app,
    read::{self, Found, Question},
};

const PAGE: usize = 30;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    at: String,
    after: i64,
}

struct Person {
    url: Option<String>,
    name: String,
    about: String,
    phone: String,
    address: String,
    state: Option<String>,
    place: String,
}

struct Home {
    url: String,
    address: String,
    place: String,
    usage: String,
    residents: i64,
    confirmed: String,
}

#[derive(Template)]
#[template(path = "homes/find.html")]
struct Page {
    chrome: Chrome,
    q: String,
    at: String,
    within: String,
    asked: bool,
    people: Vec<Person>,
    homes: Vec<Home>,
    more: Option<i64>,
}

fn page(ctx: &Ctx, desk: &Desk, asked: Asked, found: Found, searched: bool) -> WebResult {
    let l = &ctx.locale;
    let now = ctx.now();
    let person = |p: read::FoundPerson| {
        let age =
            p.birth.as_deref().and_then(|b| b.parse().ok()).and_then(|b| now.china_date().years_since(b));
        let sex = word(l, "sex", p.sex.as_str());
        let age = age.map(|n| l.t_with("household-age", &[("n", n.to_string())]));
        Person {
            url: p.dwelling.map(|id| format!("/homes/{id}")),
            name: p.name,
            about: std::iter::once(sex).chain(age).collect::<Vec<_>>().join(" · "),
            phone: p.phone.unwrap_or_default(),
            address: p.address.unwrap_or_default(),
            state: p.dwelling.is_none().then(|| word(l, "state", p.state.as_str())),
            place: desk.atlas.path(&p.area),
        }
    };
    let home = |h: read::FoundHome| Home {
        url: format!("/homes/{}", h.id),
        address: h.address,
        place: desk.atlas.path(&h.area),
        usage: word(l, "usage", h.usage.as_str()),
        residents: h.residents,
        confirmed: ago(l, h.confirmed_at, now),
    };
    let within = asked.at.parse().ok().map(|code| desk.atlas.path(&code)).unwrap_or_default();
    // Both lists continue after the smaller of the two: nothing is left out, and nothing of people shows twice
    // where only they go on.
    let more = match (found.more_people, found.more_homes) {
        (Some(n), None) | (None, Some(n)) => Some(n),
        (Some(a), Some(b)) => Some(a.min(b)),
        (None, None) => None,
    };
    let page = Page {
        chrome: desk.chrome(ctx, "household-find"),
        q: asked.q,
        at: asked.at,
        within,
        asked: searched,
        people: found.people.into_iter().map(person).collect(),
        homes: found.homes.into_iter().map(home).collect(),
        more,
    };
    Ok(ctx.page(&page)?.into_response())
}

async fn blank(ctx: Ctx) -> WebResult {
    let desk = Desk::of(&ctx, "household.search")?;
    page(&ctx, &desk, Asked::default(), Found::default(), false)
}

async fn find(ctx: Ctx, Form(asked): Form<Asked>) -> WebResult {
    let desk = Desk::of(&ctx, "household.search")?;
    let area = if asked.at.is_empty() { None } else { Some(desk.area(&ctx, &asked.at)?) };
    let question = Question::new(&desk.access, &asked.q)?;
    let mut op = ctx.op().await?;
    let found =
        read::find(&mut op.tx, &desk.access, &desk.scope, area.as_ref(), &question, asked.after, PAGE)
            .await?;
    if !matches!(question, Question::Nothing) {
        let place = area.clone().or_else(|| desk.scope.areas.first().cloned());
        let place = place.unwrap_or_else(|| ctx.district.area.clone());
        app::searched(&mut op, question.by(), &place, found.people.len() + found.homes.len()).await?;
    }
    // No answer without its row.
    op.commit().await?;
    page(&ctx, &desk, asked, found, true)
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/find", Access::May("household.search"), blank),
        Route::post("/homes/find", Access::May("household.search"), find),
    ]
}
