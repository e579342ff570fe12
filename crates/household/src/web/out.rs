//! A list of homes as a file (导出): row for row what the page shows, within what the person may export, and written down
//! before it leaves the house. Nothing of people stands in it.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use linli_kernel::{AreaCode, Error, Result};
use linli_store::Entry;
use linli_web::{Ctx, WebResult, sheet};
use serde_json::json;

use crate::privacy::export;

/// The most rows of one file; a sheet that nobody can open helps nobody.
pub(super) const MOST: usize = 50_000;
/// Rows that are asked for at once.
pub(super) const CHUNK: usize = 1_000;

/// A list to be given out.
pub(super) struct Listing {
    /// How it is called in the log.
    pub(super) action: &'static str,
    /// Where.
    pub(super) area: AreaCode,
    /// Which homes, and in which order.
    pub(super) shown: (&'static str, &'static str),
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// `homes.csv` or `homes.xlsx`: whether it is a table of text.
pub(super) fn is_text(name: &str, stem: &str) -> Result<bool> {
    match name.strip_prefix(stem) {
        Some(".csv") => Ok(true),
        Some(".xlsx") => Ok(false),
        _ => Err(Error::NotFound),
    }
}

/// Writes down who takes it, and gives it out.
pub(super) async fn give(ctx: &Ctx, stem: &str, text: bool, list: Listing) -> WebResult<Response> {
    if list.rows.len() > MOST {
        return Err(Error::TooLarge("household-list-too-large").into());
    }
    let format = if text { "csv" } else { "xlsx" };
    let (which, order) = list.shown;
    let mut op = ctx.op().await?;
    let detail = json!({ "which": which, "order": order, "rows": list.rows.len(), "format": format });
    let (subject_id, area) = (list.area.to_string(), list.area.clone());
    op.log(Entry { action: list.action, subject: "area", subject_id, area, detail }).await?;
    op.commit().await?;
    let (bytes, media) = if text {
        let whole: Vec<Vec<String>> = std::iter::once(list.heads).chain(list.rows).collect();
        (export::csv(&whole)?, "text/csv; charset=utf-8")
    } else {
        let bytes = sheet::write(&list.heads, &list.rows)?;
        (bytes, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    };
    let day = ctx.now().china_date().format("%Y%m%d");
    let disposition = format!("attachment; filename=\"{stem}-{day}.{format}\"");
    let mut response = bytes.into_response();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::CONTENT_TYPE, media);
    set(header::CONTENT_DISPOSITION, &disposition);
    Ok(response)
}
