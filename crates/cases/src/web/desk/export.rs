//! The filtered list as a file: Excel or CSV, row for row what the list shows.

use axum::{
    extract::{Path, Query},
    response::Response,
};
use linli_kernel::{AreaCode, Cursor, Error, Result};
use linli_store::Entry;
use linli_web::{Access, Ctx, Route, WebResult, attach, sheet};
use serde_json::json;

use super::{
    room::Room,
    view::{Line, next_clock},
    wanted::Wanted,
};
use crate::read;

const CHUNK: usize = 1000;
/// The most rows of one file; a sheet that nobody can open helps nobody.
const MOST: usize = 50_000;

const HEADS: [&str; 12] = [
    "desk-number",
    "desk-external",
    "desk-case",
    "desk-state",
    "desk-field-whistle",
    "desk-filter-source",
    "desk-field-category",
    "desk-field-lead",
    "desk-place",
    "desk-address",
    "desk-reported-at",
    "desk-due-at",
];

/// The rows, and what kind of words they were searched by.
async fn rows(ctx: &Ctx, wanted: &Wanted) -> Result<(Vec<Vec<String>>, Option<&'static str>)> {
    let mut room = Room::enter(ctx).await?;
    let scope = room.scope(ctx, "case.export");
    let filter = wanted.filter(ctx, &room.access)?;
    let mut all = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page =
            read::page(&mut room.conn, &ctx.district, (&scope, &filter), wanted.sort(), after, CHUNK).await?;
        for row in &page.items {
            let line = Line::of(ctx, &room, row);
            let due = next_clock(&row.clocks).map(|c| c.due.cell()).unwrap_or_default();
            let category = row.category.as_deref().map(|c| room.atlas.category_path(c)).unwrap_or_default();
            all.push(vec![
                line.number,
                line.external,
                line.title,
                line.state,
                ctx.locale.t(&format!("desk-whistle-{}", row.whistle)),
                line.source,
                category,
                line.lead,
                line.place,
                row.address.clone(),
                row.reported_at.cell(),
                due,
            ]);
        }
        after = page.next.and_then(|next| next.parse().ok());
        if !attach::goes_on(all.len(), MOST, after.is_some(), "case-export-too-many")? {
            return Ok((all, filter.sought()));
        }
    }
}

async fn file(ctx: Ctx, Path(name): Path<String>, Query(wanted): Query<Wanted>) -> WebResult<Response> {
    let kind = match name.as_str() {
        "cases.csv" => "csv",
        "cases.xlsx" => "xlsx",
        _ => return Err(Error::NotFound.into()),
    };
    let (rows, by) = rows(&ctx, &wanted).await?;
    let heads: Vec<String> = HEADS.iter().map(|key| ctx.locale.t(key)).collect();
    // Who took how many rows out of the house is written down before the file leaves.
    let mut op = ctx.op().await?;
    let area: AreaCode = op.district.area.clone();
    // Words that were searched for are names and phones: of them only the kind is written down, for ever.
    let detail = json!({ "filter": wanted.query("text"), "by": by, "rows": rows.len(), "format": kind });
    op.log(Entry { action: "case.export", subject: "case", subject_id: String::new(), area, detail }).await?;
    op.commit().await?;
    let day = ctx.now().china_date().format("%Y%m%d");
    let csv = kind == "csv";
    let making = move || if csv { sheet::csv(&heads, &rows) } else { sheet::write(&heads, &rows) };
    let bytes = tokio::task::spawn_blocking(making).await.map_err(Error::internal)??;
    let media = if csv { attach::CSV } else { attach::XLSX };
    Ok(attach::file(&format!("cases-{day}.{kind}"), media, bytes))
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/desk/cases/export/{name}", Access::May("case.export"), file)]
}
