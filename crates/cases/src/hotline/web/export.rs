//! Sheets that go out: states and replies of a span of days.

use axum::extract::Query;
use chrono::{Days, NaiveDate};
use linli_access::Access as Rights;
use linli_grid::AtlasPort;
use linli_kernel::{Error, Timestamp};
use linli_web::{Ctx, Problems, WebResult, api::Asks, attach, sheet};
use serde::Deserialize;

use super::imports::{desk, may, wrong};
use crate::hotline::sheets;

#[derive(Deserialize)]
pub(in crate::hotline) struct Span {
    from: Option<String>,
    to: Option<String>,
    format: Option<String>,
}

fn days(span: &Span) -> Option<(Timestamp, Timestamp)> {
    let day = |text: &Option<String>| text.as_deref()?.trim().parse::<NaiveDate>().ok();
    let (from, to) = (day(&span.from)?, day(&span.to)?);
    let fits = from <= to && (to - from).num_days() <= 366;
    fits.then(|| (Timestamp::china_midnight(from), Timestamp::china_midnight(to + Days::new(1))))
}

pub(super) async fn export(ctx: Ctx, Query(span): Query<Span>) -> WebResult {
    may(&ctx)?;
    if days(&span).is_none() {
        let problems = Problems::of(Error::field("from", "hotline-span-bad"), &ctx.locale)?;
        let mut page = desk(&ctx, None, String::new(), problems).await?;
        page.from = span.from.unwrap_or_default();
        page.to = span.to.unwrap_or_default();
        return Ok(wrong(ctx.page(&page)?));
    }
    exported(&ctx, &span).await
}

pub(in crate::hotline) async fn export_file(ctx: Ctx, Asks(span): Asks<Span>) -> WebResult {
    exported(&ctx, &span).await
}

/// The file; that it was taken is in the activity log.
async fn exported(ctx: &Ctx, span: &Span) -> WebResult {
    may(ctx)?;
    let range = days(span).ok_or_else(|| Error::field("from", "hotline-span-bad"))?;
    let csv = match span.format.as_deref() {
        Some("csv") => true,
        None | Some("" | "xlsx") => false,
        Some(_) => return Err(Error::field("format", "error-value").into()),
    };
    let scope = ctx.district.port::<Rights>()?.policy.scope(&ctx.actor, "case.export");
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let (headings, rows) =
        sheets::changed(&mut ctx.read().await?, &scope, range, &atlas, &ctx.locale).await?;
    let mut op = ctx.op().await?;
    op.log(linli_store::Entry {
        action: "hotline.export",
        subject: "hotline_batch",
        subject_id: String::new(),
        area: ctx.district.area.clone(),
        detail: serde_json::json!({ "from": range.0, "to": range.1, "rows": rows.len() }),
    })
    .await?;
    op.commit().await?;
    if csv {
        return Ok(attach::file("hotline.csv", attach::CSV, sheet::csv(&headings, rows)?));
    }
    Ok(attach::file("hotline.xlsx", attach::XLSX, sheets::xlsx(&headings, rows)?))
}
