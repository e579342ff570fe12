//! Filters of the list kept under a name; they belong to whoever asks, a person or a system.

use axum::{Json, http::StatusCode, response::IntoResponse};
use linli_kernel::{Error, Result};
use linli_web::{
    Access, Ctx, WebResult,
    api::{self, Asked, At, Nothing, Operation, schema},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    app::bookmarks::{self, Bookmark},
    web::desk::Wanted,
};

const PATH: &str = "/api/v1/cases/filters";
const ONE: &str = "/api/v1/cases/filters/{name}";

async fn list(ctx: Ctx) -> WebResult {
    api::counted(&ctx)?;
    let items = bookmarks::all(&mut ctx.read().await?, &ctx.actor).await?;
    Ok(Json(json!({ "items": items })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    query: String,
}

/// The filter of an address; unlike a page, an interface hears of what is not understood.
fn understood(query: &str) -> Result<String> {
    let wanted = Wanted::of(query);
    let strange = Wanted::parts(query).is_none_or(|parts| !parts.iter().all(|name| wanted.knows(name)));
    let kept = wanted.query("");
    if strange || kept.is_empty() { Err(Error::field("query", "case-filter-strange")) } else { Ok(kept) }
}

async fn put(ctx: Ctx, At(name): At<String>, Asked(told, mut once): Asked<Body>) -> WebResult {
    api::counted(&ctx)?;
    let query = understood(&told.query)?;
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    bookmarks::keep(&mut op, &name, query.clone()).await?;
    let kept = Bookmark { name: name.trim().to_owned(), query };
    Ok(once.done(op, StatusCode::OK, &json!(kept)).await?)
}

async fn delete(ctx: Ctx, At(name): At<String>, Asked(_, mut once): Asked<Nothing>) -> WebResult {
    api::counted(&ctx)?;
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    bookmarks::forget(&mut op, &name).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "name": name })).await?)
}

pub(super) fn operations() -> Vec<Operation> {
    let may = Access::May("case.list");
    let query = || json!({ "type": "string", "maxLength": 2000, "description": "the query of the page's own address, /desk/cases?…" });
    let kept = || schema::object([("name", schema::short(bookmarks::NAME)), ("query", query())]);
    vec![
        Operation::get(PATH, may, "Your filters of the list, the newest first", list).answers(
            200,
            "All of them",
            schema::object([("items", schema::list(kept()))]),
        ),
        Operation::put(ONE, may, "Keep a filter under a name", put)
            .part("name", "its name", schema::short(bookmarks::NAME))
            .takes(schema::object([("query", query())]))
            .answers(200, "As it is kept", kept()),
        Operation::delete(ONE, may, "Forget a filter", delete)
            .part("name", "its name", schema::text())
            .answers(200, "It is gone", schema::object([("name", schema::text())])),
    ]
}
