//! Lists as tables for office programs: CSV and Excel, with the words of the person's language.

use axum::{
    body::Body,
    http::header,
    response::{IntoResponse, Response},
};
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{Cursor, Error, Result, Timestamp};
use linli_store::Entry;
use linli_web::{Ctx, Locale, WebResult, api::Asks, sheet};
use rust_xlsxwriter::{Format, Workbook};
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

pub(super) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

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

fn xlsx(head: &[String], rows: &[[String; 18]]) -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let bold = Format::new().set_bold();
    for (n, word) in (0_u16..).zip(head) {
        sheet.write_string_with_format(0, n, word, &bold).map_err(Error::internal)?;
    }
    for (line, row) in (1_u32..).zip(rows) {
        for (n, cell) in (0_u16..).zip(row) {
            sheet.write_string(line, n, cell).map_err(Error::internal)?;
        }
    }
    sheet.set_freeze_panes(1, 1).map_err(Error::internal)?;
    book.save_to_buffer().map_err(Error::internal)
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
        if after.is_none() {
            break;
        }
        if rows.len() >= MOST {
            return Err(Error::TooLarge("case-export-too-many").into());
        }
    }
    drop(conn);
    let head: Vec<String> = COLUMNS.iter().map(|name| ctx.locale.t(&format!("case-col-{name}"))).collect();
    let count = rows.len();
    let bytes =
        tokio::task::spawn_blocking(
            move || if excel { xlsx(&head, &rows) } else { sheet::csv(&head, &rows) },
        )
        .await
        .map_err(Error::internal)??;
    let mut op = ctx.op().await?;
    let area = ctx.district.area.clone();
    let format = if excel { "xlsx" } else { "csv" };
    // Words that were searched for are names and phones: of them only the kind is written down, for ever.
    let detail = json!({ "filter": query.told(), "by": filter.sought(), "rows": count, "format": format });
    op.log(Entry { action: "case.export", subject: "case", subject_id: String::new(), area, detail }).await?;
    op.commit().await?;
    Ok(attachment(&ctx, excel, bytes))
}

fn attachment(ctx: &Ctx, excel: bool, bytes: Vec<u8>) -> Response {
    let (kind, ending) = if excel { (XLSX, "xlsx") } else { ("text/csv; charset=utf-8", "csv") };
    let name = format!("cases-{}.{ending}", ctx.now().china_date().format("%Y%m%d"));
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, Body::from(bytes)).into_response()
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
        assert!(xlsx(&head, &[row]).unwrap().starts_with(b"PK"));
    }
}
