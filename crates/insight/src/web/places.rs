//! `/admin/places`: how people say the names of places: entered, learned, struck out; and what a text would be read as.

use askama::Template;
use axum::{
    extract::{Form, Path, Query},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
};
use linli_access::web::admin::Menu;
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{Error, Result, text::normalise};
use linli_web::{Access, Chrome, Ctx, NavItem, Problems, Route, WebError, WebResult};
use serde::Deserialize;
use uuid::Uuid;

use super::scope;
use crate::{
    Memory,
    model::{Alias, AliasSource},
    names::{self, AliasInput, EDIT},
    places::Names,
    store,
};

const PAGE: usize = 50;

struct Row {
    id: Uuid,
    written: String,
    place: String,
    area: String,
    learned: bool,
    dropped: bool,
    source: String,
    at: String,
    by: String,
}

#[derive(Template)]
#[template(path = "insight/places.html")]
struct PlacesPage<'a> {
    chrome: Chrome,
    side: Vec<NavItem>,
    rows: Vec<Row>,
    next: String,
    q: String,
    done: String,
    known: usize,
    /// The one that is changed.
    edit: Option<Uuid>,
    written: String,
    place: String,
    problems: &'a Problems,
    /// A text to try, and what is read in it.
    attempt: String,
    read: String,
}

impl PlacesPage<'_> {
    fn action(&self) -> String {
        self.edit.map_or_else(|| "/admin/places".to_owned(), |id| format!("/admin/places/{id}"))
    }

    fn error(&self, field: &str) -> &str {
        self.problems.at(field).unwrap_or_default()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Asked {
    q: String,
    after: String,
    edit: Option<Uuid>,
    done: String,
    #[serde(rename = "try")]
    attempt: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Typed {
    written: String,
    place: String,
}

fn row(ctx: &Ctx, atlas: &Atlas, a: Alias) -> Row {
    let learned = a.source == AliasSource::Learned;
    let source = if learned {
        ctx.locale.t_with("insight-source-learned", &[("n", a.cases.to_string())])
    } else {
        ctx.locale.t("insight-source-entered")
    };
    Row {
        id: a.id,
        place: if a.place.is_empty() { ctx.locale.t("insight-own-place") } else { a.place },
        written: a.written,
        area: atlas.path(&a.area),
        learned,
        dropped: a.dropped,
        source,
        at: ctx.locale.time(a.at),
        by: a.by_name,
    }
}

/// What the texts of cases would be read as.
fn reading(ctx: &Ctx, names: &Names, atlas: &Atlas, text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    match names.named(text, None) {
        Some((written, Some(area))) => {
            ctx.locale.t_with("insight-try-known", &[("name", written), ("area", atlas.path(&area))])
        }
        Some((written, None)) => ctx.locale.t_with("insight-try-unknown", &[("name", written)]),
        None => ctx.locale.t("insight-try-none"),
    }
}

/// The name of the place as it can be typed again.
fn typed(a: &Alias) -> Typed {
    let place = if a.place.is_empty() { a.area.to_string() } else { a.place.clone() };
    Typed { written: a.written.clone(), place }
}

async fn render(ctx: &Ctx, asked: Asked, refused: Option<(&Typed, &Problems)>) -> WebResult {
    let scope = scope(ctx, EDIT)?;
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let mut conn = ctx.read().await?;
    let names = ctx.district.port::<Memory>()?.names_now(&ctx.district, &mut conn).await?;
    let words = normalise(&asked.q);
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut found = store::alias_page(&mut conn, &scope, &words, &asked.after, limit).await?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let next = if more { found.last().map(|a| a.alias.clone()).unwrap_or_default() } else { String::new() };
    let edited = match asked.edit {
        Some(id) => Some(store::alias(&mut conn, &scope, id).await?.ok_or(Error::NotFound)?),
        None => None,
    };
    let Typed { written, place } = match refused {
        Some((typed, _)) => Typed { written: typed.written.clone(), place: typed.place.clone() },
        None => edited.as_ref().map(typed).unwrap_or_default(),
    };
    let none = Problems::none();
    let page = PlacesPage {
        chrome: ctx.chrome("insight-places"),
        side: ctx.district.ports.get::<Menu>().map_or_else(Vec::new, |menu| (menu.0)(ctx)),
        rows: found.into_iter().map(|a| row(ctx, &atlas, a)).collect(),
        next,
        q: words,
        done: match asked.done.as_str() {
            done @ ("saved" | "dropped" | "back") => ctx.locale.t(&format!("insight-place-{done}")),
            _ => String::new(),
        },
        known: names.len(),
        edit: asked.edit,
        written,
        place,
        problems: refused.map_or(&none, |(_, problems)| problems),
        read: reading(ctx, &names, &atlas, asked.attempt.trim()),
        attempt: asked.attempt,
    };
    let status = if refused.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn show(ctx: Ctx, Query(asked): Query<Asked>) -> WebResult {
    render(&ctx, asked, None).await
}

fn seen(done: &str) -> Response {
    Redirect::to(&format!("/admin/places?done={done}")).into_response()
}

async fn put(ctx: &Ctx, id: Option<Uuid>, typed: &Typed) -> Result<()> {
    let input = AliasInput { id, written: typed.written.clone(), place: typed.place.clone() };
    let mut op = ctx.op().await?;
    names::put(&mut op, &input).await?;
    op.commit().await
}

async fn saved(ctx: Ctx, id: Option<Uuid>, typed: Typed) -> WebResult<Response> {
    match put(&ctx, id, &typed).await {
        Ok(()) => Ok(seen("saved")),
        Err(Error::Invalid(fields)) => {
            let problems = Problems::from_fields(&fields, &ctx.locale);
            render(&ctx, Asked { edit: id, ..Asked::default() }, Some((&typed, &problems))).await
        }
        Err(error) => Err(WebError(error)),
    }
}

async fn create(ctx: Ctx, Form(typed): Form<Typed>) -> WebResult<Response> {
    saved(ctx, None, typed).await
}

async fn change(ctx: Ctx, Path(id): Path<Uuid>, Form(typed): Form<Typed>) -> WebResult<Response> {
    saved(ctx, Some(id), typed).await
}

async fn strike(ctx: &Ctx, id: Uuid, dropped: bool) -> Result<()> {
    let mut op = ctx.op().await?;
    names::strike(&mut op, id, dropped).await?;
    op.commit().await
}

async fn strike_out(ctx: Ctx, Path(id): Path<Uuid>) -> WebResult<Response> {
    strike(&ctx, id, true).await?;
    Ok(seen("dropped"))
}

async fn take_back(ctx: Ctx, Path(id): Path<Uuid>) -> WebResult<Response> {
    strike(&ctx, id, false).await?;
    Ok(seen("back"))
}

pub(super) fn routes() -> Vec<Route> {
    let edit = Access::May(EDIT);
    vec![
        Route::get("/admin/places", edit, show),
        Route::post("/admin/places", edit, create),
        Route::post("/admin/places/{id}", edit, change),
        Route::post("/admin/places/{id}/drop", edit, strike_out),
        Route::post("/admin/places/{id}/back", edit, take_back),
    ]
}
