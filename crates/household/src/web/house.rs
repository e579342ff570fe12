//! `/homes/house/{id}`: a house as it stands, door by door; and registering houses and doors.

use askama::Template;
use axum::{
    extract::{Form, Path, Query},
    response::{IntoResponse, Redirect},
};
use linli_kernel::{AreaCode, Error, area::AreaLevel};
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use super::{Desk, ago, word};
use crate::{
    app,
    model::{BuildingId, BuildingKind, NewBuilding, NewDwelling, Usage},
    read::{self, Door},
    rules,
    store::mend,
};

struct Cell {
    url: String,
    door: String,
    tone: &'static str,
    usage: String,
    residents: i64,
    care: i64,
    confirmed: String,
}

struct Unit {
    name: String,
    /// Floors from the top down, as the house stands.
    floors: Vec<(String, Vec<Cell>)>,
}

#[derive(Template)]
#[template(path = "homes/house.html")]
struct Page {
    chrome: Chrome,
    id: BuildingId,
    crumbs: Vec<(String, String)>,
    head: String,
    kind: String,
    point: Option<(f64, f64)>,
    area: AreaCode,
    units: Vec<Unit>,
    homes: usize,
    stale: usize,
    may_edit: bool,
    /// What the house is called, for who may correct that.
    called: Option<(String, String)>,
    /// Why it was closed, if it was.
    closed: Option<String>,
    may_code: bool,
    /// Who may only see the list gets no way into a record.
    may_read: bool,
    form: DoorForm,
    usages: Vec<(String, String)>,
    problems: Problems,
    trouble: String,
}

fn cell(ctx: &Ctx, door: &Door) -> Cell {
    let fresh = rules::fresh(door.confirmed_at, ctx.now());
    Cell {
        url: format!("/homes/{}", door.id),
        door: if door.door.is_empty() { ctx.locale.t("household-whole-house") } else { door.door.clone() },
        tone: if fresh { "ok" } else { "warn" },
        usage: word(&ctx.locale, "usage", door.usage.as_str()),
        residents: door.residents,
        care: door.care,
        confirmed: ago(&ctx.locale, door.confirmed_at, ctx.now()),
    }
}

fn units(ctx: &Ctx, doors: &[Door]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for door in doors {
        let name = door.unit.clone().unwrap_or_default();
        if units.last().is_none_or(|u| u.name != name) {
            units.push(Unit { name, floors: Vec::new() });
        }
        let floor = door.floor.map_or_else(String::new, |n| n.to_string());
        if let Some(unit) = units.last_mut() {
            match unit.floors.last_mut() {
                Some((last, cells)) if *last == floor => cells.push(cell(ctx, door)),
                _ => unit.floors.push((floor, vec![cell(ctx, door)])),
            }
        }
    }
    units
}

async fn page(ctx: &Ctx, id: BuildingId, form: DoorForm, problems: Problems, trouble: String) -> WebResult {
    let desk = Desk::of(ctx, "household.list")?;
    let (house, doors) = read::doors(&mut ctx.read().await?, &desk.scope, id, ctx.now()).await?;
    let closed = mend::house_closed(&mut ctx.read().await?, id).await?;
    let open = closed.is_none();
    let page = Page {
        chrome: desk.chrome(ctx, "household-house"),
        id,
        crumbs: desk.crumbs(ctx, &house.area),
        head: format!("{}{}", house.place, house.name),
        kind: word(&ctx.locale, "building", house.kind.as_str()),
        point: house.lat.zip(house.lng),
        units: units(ctx, &doors),
        homes: doors.len(),
        stale: doors.iter().filter(|d| !rules::fresh(d.confirmed_at, ctx.now())).count(),
        may_edit: open && desk.may(ctx, "household.edit", &house.area),
        called: desk
            .may(ctx, "household.building", &house.area)
            .then(|| (house.place.clone(), house.name.clone())),
        closed,
        may_code: open && desk.may(ctx, "code.read", &house.area),
        may_read: desk.may(ctx, "household.read", &house.area),
        usages: Usage::ALL
            .iter()
            .map(|u| (u.as_str().to_owned(), word(&ctx.locale, "usage", u.as_str())))
            .collect(),
        area: house.area,
        form,
        problems,
        trouble,
    };
    Ok(ctx.page(&page)?.into_response())
}

/// The house with what was refused.
pub(super) async fn troubled(ctx: &Ctx, id: BuildingId, trouble: String) -> WebResult {
    page(ctx, id, DoorForm::default(), Problems::none(), trouble).await
}

async fn show(ctx: Ctx, Path(id): Path<BuildingId>) -> WebResult {
    page(&ctx, id, DoorForm::default(), Problems::none(), String::new()).await
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct DoorForm {
    unit: String,
    door: String,
    usage: String,
    seen: String,
}

async fn add_door(ctx: Ctx, Path(id): Path<BuildingId>, Form(form): Form<DoorForm>) -> WebResult {
    let mut op = ctx.op().await?;
    let new = NewDwelling {
        building: id,
        unit: Some(form.unit.clone()).filter(|u| !u.trim().is_empty()),
        floor: None,
        door: form.door.clone(),
        usage: form.usage.parse().unwrap_or(Usage::Own),
        seen: !form.seen.is_empty(),
    };
    match app::add_dwelling(&mut op, &new).await {
        Ok(home) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/homes/{home}")).into_response())
        }
        Err(Error::Conflict(key)) => {
            drop(op);
            let trouble = ctx.locale.t(key);
            page(&ctx, id, form, Problems::none(), trouble).await
        }
        Err(error) => {
            drop(op);
            let problems = Problems::of(error, &ctx.locale)?;
            page(&ctx, id, form, problems, String::new()).await
        }
    }
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
struct HouseForm {
    at: String,
    kind: String,
    place: String,
    name: String,
    floors: String,
    lat: String,
    lng: String,
}

#[derive(Template)]
#[template(path = "homes/new_house.html")]
struct NewPage {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    head: String,
    form: HouseForm,
    kinds: Vec<(String, String)>,
    middle: Option<(f64, f64)>,
    problems: Problems,
    trouble: String,
}

fn new_page(ctx: &Ctx, mut form: HouseForm, problems: Problems, trouble: String) -> WebResult {
    let desk = Desk::of(ctx, "household.building")?;
    let at = desk.area(ctx, &form.at)?;
    if at.level() != AreaLevel::Grid {
        return Err(Error::NotFound.into());
    }
    form.at = at.to_string();
    let page = NewPage {
        chrome: desk.chrome(ctx, "household-new-house"),
        crumbs: desk.crumbs(ctx, &at),
        head: desk.atlas.path(&at),
        kinds: BuildingKind::ALL
            .iter()
            .map(|k| (k.as_str().to_owned(), word(&ctx.locale, "building", k.as_str())))
            .collect(),
        middle: desk.atlas.area(&at).and_then(|a| a.centre).map(|c| (c.lat, c.lon)),
        form,
        problems,
        trouble,
    };
    Ok(ctx.page(&page)?.into_response())
}

async fn blank(ctx: Ctx, Query(form): Query<HouseForm>) -> WebResult {
    new_page(&ctx, form, Problems::none(), String::new())
}

async fn add(ctx: Ctx, Form(form): Form<HouseForm>) -> WebResult {
    let area: AreaCode = form.at.parse().map_err(|_| Error::NotFound)?;
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let new = NewBuilding {
        area,
        kind: form.kind.parse().unwrap_or(BuildingKind::Flats),
        place: form.place.clone(),
        name: form.name.clone(),
        point: number(&form.lat).zip(number(&form.lng)),
        floors: form.floors.trim().parse().ok(),
    };
    let mut op = ctx.op().await?;
    match app::add_building(&mut op, &new).await {
        Ok(id) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/homes/house/{id}")).into_response())
        }
        Err(Error::Conflict(key)) => new_page(&ctx, form, Problems::none(), ctx.locale.t(key)),
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            new_page(&ctx, form, problems, String::new())
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/house/{id}", Access::May("household.list"), show),
        Route::post("/homes/house/{id}/doors", Access::May("household.edit"), add_door),
        Route::get("/homes/new", Access::May("household.building"), blank),
        Route::post("/homes/new", Access::May("household.building"), add),
    ]
}
