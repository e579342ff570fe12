//! The filtered list as a file: Excel or CSV, row for row what the list shows.

use axum::{
    extract::{Path, Query},
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use linli_kernel::{AreaCode, Cursor, Error, Result};
use linli_store::Entry;
use linli_web::{Access, Ctx, Route, WebResult, sheet};
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

async fn rows(ctx: &Ctx, wanted: &Wanted) -> Result<Vec<Vec<String>>> {
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
        if after.is_none() || all.len() >= MOST {
            return Ok(all);
        }
    }
}

/// A cell that a spreadsheet would take for a formula is made text.
fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

fn csv(heads: &[String], rows: &[Vec<String>]) -> Result<Vec<u8>> {
    // The mark tells a Chinese Excel that this is UTF-8.
    let mut out = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    out.write_record(heads).map_err(Error::internal)?;
    for row in rows {
        out.write_record(row.iter().map(|cell| harmless(cell))).map_err(Error::internal)?;
    }
    out.into_inner().map_err(|e| Error::internal(e.to_string()))
}

async fn file(ctx: Ctx, Path(name): Path<String>, Query(wanted): Query<Wanted>) -> WebResult<Response> {
    let kind = match name.as_str() {
        "cases.csv" => "csv",
        "cases.xlsx" => "xlsx",
        _ => return Err(Error::NotFound.into()),
    };
    let rows = rows(&ctx, &wanted).await?;
    let heads: Vec<String> = HEADS.iter().map(|key| ctx.locale.t(key)).collect();
    // Who took how many rows out of the house is written down before the file leaves.
    let mut op = ctx.op().await?;
    let area: AreaCode = op.district.area.clone();
    let detail = json!({ "filter": wanted.query(""), "rows": rows.len(), "format": kind });
    op.log(Entry { action: "case.export", subject: "case", subject_id: String::new(), area, detail }).await?;
    op.commit().await?;
    let day = ctx.now().china_date().format("%Y%m%d");
    let (bytes, media) = if kind == "csv" {
        (csv(&heads, &rows)?, "text/csv; charset=utf-8")
    } else {
        (sheet::write(&heads, &rows)?, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    };
    let mut response = bytes.into_response();
    let disposition = format!("attachment; filename=\"cases-{day}.{kind}\"");
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, media);
    set(header::CONTENT_DISPOSITION, &disposition);
    Ok(response)
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/desk/cases/export/{name}", Access::May("case.export"), file)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let heads = vec!["a".to_owned()];
        let bytes = csv(&heads, &[vec!["=1+1".to_owned()], vec!["“x”,y".to_owned()]]).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "\u{feff}a\n'=1+1\n\"“x”,y\"\n");
    }
}
