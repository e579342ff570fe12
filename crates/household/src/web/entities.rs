//! `/homes/entities`: legal entities (法人名录): the list with its search, one entity, registering and correcting.

use askama::Template;
use axum::{
    extract::{Form, Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use linli_kernel::{AreaCode, Error, Result, area::AreaLevel, error::Check, person::mask_phone};
use linli_store::Op;
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use super::{Desk, ago, word};
use crate::{
    app,
    model::{EntityFacts, EntityId, EntityKind, EntityState, EntityTexts},
    read,
    register::EntityPlace,
};

const PAGE: usize = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    at: String,
    q: String,
    after: i64,
}

struct Line {
    url: String,
    name: String,
    about: String,
    gone: bool,
    confirmed: String,
}

#[derive(Template)]
#[template(path = "homes/entities.html")]
struct ListPage {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    at: String,
    q: String,
    lines: Vec<Line>,
    more: Option<i64>,
    /// The grid in which one could be registered from here.
    new_at: Option<AreaCode>,
}

async fn list(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    let desk = Desk::of(&ctx, "entity.read")?;
    let around = desk.around(&ctx, &asked.at)?;
    let found =
        read::entities(&mut ctx.read().await?, &desk.scope, Some(&around), &asked.q, asked.after, PAGE)
            .await?;
    let line = |e: crate::store::entities::EntityRow| Line {
        url: format!("/homes/entities/{}", e.id),
        about: [word(&ctx.locale, "entity", e.kind.as_str()), e.address, desk.atlas.path(&e.area)]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
        name: e.name,
        gone: e.state == EntityState::Gone,
        confirmed: ago(&ctx.locale, e.confirmed_at, ctx.now()),
    };
    let may = around.level() == AreaLevel::Grid && desk.may(&ctx, "entity.edit", &around);
    let page = ListPage {
        chrome: desk.chrome(&ctx, "entities-title"),
        crumbs: crumbs(&desk, &ctx, &around),
        at: around.to_string(),
        q: asked.q,
        lines: found.entities.into_iter().map(line).collect(),
        more: found.more,
        new_at: may.then_some(around),
    };
    Ok(ctx.page(&page)?.into_response())
}

/// The way down, on this list.
fn crumbs(desk: &Desk, ctx: &Ctx, area: &AreaCode) -> Vec<(String, String)> {
    let here = |(url, name): (String, String)| (url.replacen("/homes?", "/homes/entities?", 1), name);
    desk.crumbs(ctx, area).into_iter().map(here).collect()
}

/// What a form says, with what it was filled over.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Typed {
    at: String,
    /// Of the entity that the form was filled over; a text, because what is flattened from a form is text.
    version: String,
    #[serde(flatten)]
    texts: EntityTexts,
}

impl Typed {
    fn facts(&self) -> Result<EntityFacts> {
        let mut check = Check::new();
        check.require(!self.texts.name.trim().is_empty(), "name", "error-required");
        let facts = EntityFacts::checked(&self.texts, &mut check);
        check.done()?;
        Ok(facts)
    }
}

type Kinds = Vec<(&'static str, String)>;

fn kinds(ctx: &Ctx) -> Kinds {
    EntityKind::ALL.iter().map(|k| (k.as_str(), word(&ctx.locale, "entity", k.as_str()))).collect()
}

#[derive(Template)]
#[template(path = "homes/new_entity.html")]
struct NewPage {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    head: String,
    typed: Typed,
    kinds: Kinds,
    problems: Problems,
    trouble: String,
}

fn new_page(ctx: &Ctx, mut typed: Typed, problems: Problems, trouble: String) -> WebResult {
    let desk = Desk::of(ctx, "entity.edit")?;
    let at = desk.area(ctx, &typed.at)?;
    if at.level() != AreaLevel::Grid {
        return Err(Error::NotFound.into());
    }
    typed.at = at.to_string();
    let status = status(&problems, &trouble);
    let page = NewPage {
        chrome: desk.chrome(ctx, "entities-new"),
        crumbs: crumbs(&desk, ctx, &at),
        head: desk.atlas.path(&at),
        typed,
        kinds: kinds(ctx),
        problems,
        trouble,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

fn status(problems: &Problems, trouble: &str) -> StatusCode {
    match () {
        () if !problems.is_empty() => StatusCode::UNPROCESSABLE_ENTITY,
        () if !trouble.is_empty() => StatusCode::CONFLICT,
        () => StatusCode::OK,
    }
}

/// What went wrong, for the page: sentences at fields, or one above; anything else goes on its way.
fn told(ctx: &Ctx, error: Error) -> WebResult<(Problems, String)> {
    match error {
        Error::Conflict(key) => Ok((Problems::none(), ctx.locale.t(key))),
        error => Ok((Problems::of(error, &ctx.locale)?, String::new())),
    }
}

async fn blank(ctx: Ctx, Query(typed): Query<Typed>) -> WebResult {
    new_page(&ctx, typed, Problems::none(), String::new())
}

async fn add(ctx: Ctx, Form(typed): Form<Typed>) -> WebResult {
    let area: AreaCode = typed.at.parse().map_err(|_| Error::NotFound)?;
    let mut op = ctx.op().await?;
    match put(&mut op, None, area, &typed).await {
        Ok(id) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/homes/entities/{id}?done=added")).into_response())
        }
        Err(error) => {
            drop(op);
            let (problems, trouble) = told(&ctx, error)?;
            new_page(&ctx, typed, problems, trouble)
        }
    }
}

async fn put(op: &mut Op, id: Option<EntityId>, area: AreaCode, typed: &Typed) -> Result<EntityId> {
    let facts = typed.facts()?;
    if id.is_none()
        && let Some(code) = facts.uscc.value()
        && crate::store::entities::by_code(&mut op.tx, code).await?.is_some()
    {
        // A second registration of a code would quietly move the first one here.
        return Err(Error::Conflict("household-uscc-known"));
    }
    let place = EntityPlace { area, dwelling: None };
    Ok(app::put_entity(op, (id, typed.version.parse().ok()), &place, &facts).await?.0)
}

#[derive(Template)]
#[template(path = "homes/entity.html")]
struct Page {
    chrome: Chrome,
    crumbs: Vec<(String, String)>,
    id: EntityId,
    name: String,
    kind: String,
    uscc: String,
    address: String,
    place: String,
    home: Option<String>,
    contact_name: String,
    contact_phone: String,
    clear: bool,
    gone: bool,
    confirmed: String,
    may_edit: bool,
    may_unmask: bool,
    typed: Typed,
    kinds: Kinds,
    problems: Problems,
    trouble: String,
    done: String,
}

/// What stands beside the entity itself.
#[derive(Default)]
struct Beside {
    typed: Option<Typed>,
    problems: Option<Problems>,
    trouble: String,
    done: String,
    phone: Option<String>,
}

async fn render(ctx: &Ctx, id: EntityId, beside: Beside) -> WebResult {
    let desk = Desk::of(ctx, "entity.read")?;
    let (row, entity) = read::entity(&mut ctx.read().await?, &desk.access, &desk.scope, id).await?;
    let may_edit = desk.may(ctx, "entity.edit", &row.area);
    let uscc = row.uscc.clone().unwrap_or_default();
    let mut typed = beside.typed.unwrap_or_else(|| Typed {
        at: row.area.to_string(),
        version: String::new(),
        // The phone is not filled in: left empty it stays as it is.
        texts: EntityTexts {
            uscc: uscc.clone(),
            name: row.name.clone(),
            kind: row.kind.as_str().to_owned(),
            address: row.address.clone(),
            contact_name: entity.contact_name.clone().unwrap_or_default(),
            contact_phone: String::new(),
        },
    });
    // What was typed over an old version is shown beside the new one: a second press is meant for this.
    typed.version = row.version.to_string();
    let problems = beside.problems.unwrap_or_else(Problems::none);
    let status = status(&problems, &beside.trouble);
    let clear = beside.phone.is_some();
    let masked = entity.contact_phone.as_deref().map(mask_phone).unwrap_or_default();
    let page = Page {
        chrome: desk.chrome(ctx, "entities-one"),
        crumbs: crumbs(&desk, ctx, &row.area),
        id,
        name: row.name,
        kind: word(&ctx.locale, "entity", row.kind.as_str()),
        uscc,
        address: row.address,
        place: desk.atlas.path(&row.area),
        home: row.dwelling_id.map(|home| format!("/homes/{home}")),
        contact_name: entity.contact_name.unwrap_or_default(),
        contact_phone: beside.phone.unwrap_or(masked),
        clear,
        gone: row.state == EntityState::Gone,
        confirmed: ago(&ctx.locale, row.confirmed_at, ctx.now()),
        may_edit,
        may_unmask: entity.contact_phone.is_some() && desk.may(ctx, "entity.read_contact", &row.area),
        typed,
        kinds: kinds(ctx),
        problems,
        trouble: beside.trouble,
        done: beside.done,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Done {
    done: String,
}

async fn show(ctx: Ctx, Path(id): Path<EntityId>, Query(asked): Query<Done>) -> WebResult {
    let done = match asked.done.as_str() {
        word @ ("added" | "corrected" | "closed" | "reopened" | "confirmed") => {
            ctx.locale.t(&format!("entities-done-{word}"))
        }
        _ => String::new(),
    };
    render(&ctx, id, Beside { done, ..Beside::default() }).await
}

/// Commits and goes back to the page, or shows it with what is wrong and what was typed.
async fn settle(
    ctx: &Ctx,
    op: Op,
    id: EntityId,
    done: &str,
    typed: Option<Typed>,
    outcome: Result<()>,
) -> WebResult {
    match outcome {
        Ok(()) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/homes/entities/{id}?done={done}")).into_response())
        }
        Err(error) => {
            drop(op);
            let (problems, trouble) = told(ctx, error)?;
            render(ctx, id, Beside { typed, problems: Some(problems), trouble, ..Beside::default() }).await
        }
    }
}

async fn correct(ctx: Ctx, Path(id): Path<EntityId>, Form(typed): Form<Typed>) -> WebResult {
    let desk = Desk::of(&ctx, "entity.read")?;
    let (row, _) = read::entity(&mut ctx.read().await?, &desk.access, &desk.scope, id).await?;
    let mut op = ctx.op().await?;
    let outcome = put(&mut op, Some(id), row.area, &typed).await.map(drop);
    settle(&ctx, op, id, "corrected", Some(typed), outcome).await
}

async fn close(ctx: Ctx, Path(id): Path<EntityId>) -> WebResult {
    let mut op = ctx.op().await?;
    let outcome = app::set_entity_state(&mut op, id, EntityState::Gone).await;
    settle(&ctx, op, id, "closed", None, outcome).await
}

async fn reopen(ctx: Ctx, Path(id): Path<EntityId>) -> WebResult {
    let mut op = ctx.op().await?;
    let outcome = app::set_entity_state(&mut op, id, EntityState::Open).await;
    settle(&ctx, op, id, "reopened", None, outcome).await
}

#[derive(Debug, Deserialize)]
struct Why {
    reason: String,
}

async fn contact(ctx: Ctx, Path(id): Path<EntityId>, Form(why): Form<Why>) -> WebResult {
    let mut op = ctx.op().await?;
    match app::unmask_entity(&mut op, id, &why.reason).await {
        Ok(contact) => {
            op.commit().await?;
            render(&ctx, id, Beside { phone: contact.phone, ..Beside::default() }).await
        }
        Err(error) => settle(&ctx, op, id, "", None, Err(error)).await,
    }
}

pub(super) fn routes() -> Vec<Route> {
    let (read, edit) = (Access::May("entity.read"), Access::May("entity.edit"));
    vec![
        Route::get("/homes/entities", read, list),
        Route::get("/homes/entities/new", edit, blank),
        Route::post("/homes/entities", edit, add),
        Route::get("/homes/entities/{id}", read, show),
        Route::post("/homes/entities/{id}", edit, correct),
        Route::post("/homes/entities/{id}/close", edit, close),
        Route::post("/homes/entities/{id}/reopen", edit, reopen),
        Route::post("/homes/entities/{id}/contact", Access::May("entity.read_contact"), contact),
    ]
}
