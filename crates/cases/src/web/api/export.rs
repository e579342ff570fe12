//! Lists as tables for office programs: CSV and Excel, with the words of the person's language.

use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{Cursor, Error, Timestamp};
use linli_store::Entry;
use linli_web::{Ctx, Locale, WebResult, api::Asks, attach, sheet};
use serde_json::json;

use super::{query::ListQuery, scope};
use crate::read::{self, CaseRow, Sort};

const COLUMNS: &[&str] = &[
    "number",
    "external",
    "source",
    "nature",
    "title",
    "category",
    "area",
    "address",
    "state",
    "whistle",
    "lead",
    "assisting",
    "urgent",
    "reported",
    "due",
    "ended",
    "outcome",
    "satisfaction",
];

/// The most rows of one file.
const MOST: usize = 50_000;
const STEP: usize = 1000;

fn when(at: Option<Timestamp>) -> String {
    at.map(|at| at.in_china().format("%Y-%m-%d %H:%M").to_string()).unwrap_or_default()
}

fn cells(row: &CaseRow, atlas: &Atlas, locale: &Locale) -> [String; 18] {
    let word = |code: &str| locale.t(&format!("case-word-{code}"));
    let assisting: Vec<&str> = row.assisting.iter().map(|org| atlas.org_name(*org)).collect();
    [
        row.number.clone(),
        row.external.clone().unwrap_or_default(),
        word(row.source.as_str()),
        word(row.nature.as_str()),
        row.title.clone(),
        row.category.as_deref().map(|code| atlas.category_path(code)).unwrap_or_default(),
        atlas.path(&row.area),
        row.address.clone(),
        word(row.state.as_str()),
        word(row.whistle.as_str()),
        atlas.org_name(row.lead).to_owned(),
        assisting.join("、"),
        word(if row.urgent { "yes" } else { "no" }),
        when(Some(row.reported_at)),
        when(row.next_due),
        when(row.ended_at),
        row.outcome.map(|o| word(o.as_str())).unwrap_or_default(),
        row.satisfaction.map(|s| word(s.as_str())).unwrap_or_default(),
    ]
}

/// The filtered list as a file. Who took what is in the activity log.
pub(super) async fn export(ctx: Ctx, Asks(query): Asks<ListQuery>) -> WebResult {
    let scope = scope(&ctx, "case.export")?;
    let filter = query.filter(&ctx)?;
    let excel = match query.format.as_str() {
        "" | "csv" => false,
        "xlsx" => true,
        _ => return Err(Error::field("format", "case-value-bad").into()),
    };
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let mut conn = ctx.read().await?;
    let mut rows = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = read::page(&mut conn, &ctx.district, (&scope, &filter), Sort::Newest, after, STEP).await?;
        rows.extend(page.items.iter().map(|row| cells(row, &atlas, &ctx.locale)));
        after = page.next.and_then(|next| next.parse().ok());
        if !attach::goes_on(rows.len(), MOST, after.is_some(), "case-export-too-many")? {
            break;
        }
    }
    drop(conn);
    let head: Vec<String> = COLUMNS.iter().map(|name| ctx.locale.t(&format!("case-col-{name}"))).collect();
    let count = rows.len();
    let bytes = tokio::task::spawn_blocking(move || {
        if excel { sheet::write(&head, &rows) } else { sheet::csv(&head, &rows) }
    })
    .await
    .map_err(Error::internal)??;
    let mut op = ctx.op().await?;
    let area = ctx.district.area.clone();
    let format = if excel { "xlsx" } else { "csv" };
    // Words that were searched for are names and phones: of them only the kind is written down, for ever.
    let detail = json!({ "filter": query.told(), "by": filter.sought(), "rows": count, "format": format });
    op.log(Entry { action: "case.export", subject: "case", subject_id: String::new(), area, detail }).await?;
    op.commit().await?;
    let name = format!("cases-{}.{format}", ctx.now().china_date().format("%Y%m%d"));
    Ok(attach::file(&name, if excel { attach::XLSX } else { attach::CSV }, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        let mut row: [String; 18] = std::array::from_fn(|n| n.to_string());
        row[4] = "=HYPERLINK(\"http://x\")".into();
        let head = COLUMNS.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
        let text = String::from_utf8(sheet::csv(&head, [&row]).unwrap()).unwrap();
        assert!(text.starts_with('\u{feff}') && text.contains("\"'=HYPERLINK"), "{text}");
        assert!(sheet::write(&head, &[row]).unwrap().starts_with(b"PK"));
    }
}
