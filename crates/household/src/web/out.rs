//! A list of homes as a file (导出): row for row what the page shows, within what the person may export, and written down
//! before it leaves the house. Nothing of people stands in it.

use axum::response::Response;
use linli_kernel::{AreaCode, Error, Result};
use linli_store::Entry;
use linli_web::{Ctx, WebResult, attach, sheet};
use serde_json::json;

/// The most rows of one file; a sheet that nobody can open helps nobody.
const MOST: usize = 50_000;
/// Rows that are asked for at once.
pub(super) const CHUNK: usize = 1_000;

/// Whether the next rows are to be asked for.
pub(super) fn goes_on(rows: usize, more: bool) -> Result<bool> {
    attach::goes_on(rows, MOST, more, "household-list-too-large")
}

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
    let format = if text { "csv" } else { "xlsx" };
    let (which, order) = list.shown;
    let mut op = ctx.op().await?;
    let detail = json!({ "which": which, "order": order, "rows": list.rows.len(), "format": format });
    let (subject_id, area) = (list.area.to_string(), list.area.clone());
    op.log(Entry { action: list.action, subject: "area", subject_id, area, detail }).await?;
    op.commit().await?;
    let making = move || {
        if text { sheet::csv(&list.heads, &list.rows) } else { sheet::write(&list.heads, &list.rows) }
    };
    let bytes = tokio::task::spawn_blocking(making).await.map_err(Error::internal)??;
    let day = ctx.now().china_date().format("%Y%m%d");
    let media = if text { attach::CSV } else { attach::XLSX };
    Ok(attach::file(&format!("{stem}-{day}.{format}"), media, bytes))
}
