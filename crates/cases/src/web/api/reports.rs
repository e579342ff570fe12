//! Reports without a key, for an app in a resident's hand: the page `/report` in JSON, with its rules and its pace.

use axum::http::HeaderMap;
use linli_kernel::{Actor, AreaCode, Error, Result};
use linli_store::Op;
use linli_web::{
    Access, Ctx, WebResult,
    api::{self, Asked, Once, Operation, schema},
    limit::Purpose,
    upload::Upload,
};
use serde::Deserialize;
use serde_json::Value;

use super::receipts;
use crate::{
    app::{NewReport, ReporterInput},
    model::{Nature, Source},
    web::form,
};

/// What a resident tells, as the form of the page has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    text: String,
    nature: Option<Nature>,
    lat: Option<f64>,
    lng: Option<f64>,
    area: Option<AreaCode>,
    #[serde(default)]
    address: String,
    reporter_name: Option<String>,
    reporter_phone: Option<String>,
    #[serde(default)]
    anonymous: bool,
    #[serde(default)]
    hidden_identity: bool,
    #[serde(default)]
    urgent: bool,
}

impl Told {
    fn report(self) -> Result<NewReport> {
        let point = receipts::point(self.lat, self.lng)?;
        if point.is_none() && self.area.is_none() && self.address.trim().is_empty() {
            return Err(Error::field("area", "case-place-needed"));
        }
        Ok(NewReport {
            source: Source::Resident,
            nature: self.nature.unwrap_or(Nature::Help),
            title: String::new(),
            text: self.text,
            category: None,
            point,
            area: self.area,
            address: self.address,
            reporter: ReporterInput {
                name: self.reporter_name,
                phone: self.reporter_phone,
                anonymous: self.anonymous,
                hidden: self.hidden_identity,
            },
            urgent: self.urgent,
            photos: Vec::new(),
            parent: None,
            external: None,
            reported_at: None,
        })
    }
}

async fn report(ctx: Ctx, Asked(told, mut once): Asked<Told>) -> WebResult {
    api::counted(&ctx)?;
    let mut op = begin(&ctx).await?;
    if let Some(before) = once.before_with(&mut op, receipts::with_link(&ctx)).await? {
        return Ok(before);
    }
    // What was answered before is no report of its own.
    ctx.app.limits().check(Purpose::Report, &ctx.source)?;
    Ok(receipts::take(&ctx, op, told.report()?, once).await?)
}

async fn report_form(ctx: Ctx, headers: HeaderMap, form: Upload) -> WebResult {
    // Before the photos are decoded.
    ctx.app.limits().check(Purpose::Report, &ctx.source)?;
    let text = form.text("report").ok_or_else(|| Error::field("report", "error-required"))?.to_owned();
    let told: Told = api::read(text.as_bytes())?;
    if form.files.len() > form::PHOTOS {
        return Err(Error::field("photo", "case-error-photos-many").into());
    }
    let new = told.report()?;
    let (sent, photos) = receipts::pictures(&ctx, &new, &text, form.files).await?;
    let mut once = Once::of(&ctx, &headers, &sent)?;
    let mut op = begin(&ctx).await?;
    if let Some(before) = once.before_with(&mut op, receipts::with_link(&ctx)).await? {
        return Ok(before);
    }
    Ok(receipts::take(&ctx, op, NewReport { photos, ..new }, once).await?)
}

/// Whoever is logged in reports here as a resident too, and is not named in the log.
async fn begin(ctx: &Ctx) -> Result<Op> {
    Op::begin(ctx.district.clone(), &ctx.db, Actor::Public, ctx.request.clone()).await
}

const ABOUT: &str = "The page `/report` for an app: no key and no log-in, counted by address like the page. \
    Say where: a point, an area, or words. With an `Idempotency-Key` of its own (a random one) a report that is sent \
    again after a broken connection is one report, and answers the same.";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::post("/api/v1/reports", Access::Public, "Report as a resident", report)
            .about(ABOUT)
            .takes(schema::named("NewReport"))
            .answers(201, "Number and tracking link", schema::named("Receipt")),
        Operation::post(
            "/api/v1/reports/with-photos",
            Access::Public,
            "Report as a resident, with photos",
            report_form,
        )
        .about(ABOUT)
        .takes_form(super::schemas::report_form("NewReport"))
        .answers(201, "Number and tracking link", schema::named("Receipt")),
    ]
}

pub(super) fn schema() -> (&'static str, Value) {
    let told = schema::object([
        ("text", schema::short(4000)),
        ("nature?", schema::maybe(schema::words(Nature::ALL))),
        ("lat?", schema::maybe(schema::number())),
        ("lng?", schema::maybe(schema::number())),
        ("area?", schema::maybe(schema::area())),
        ("address?", schema::short(200)),
        ("reporter_name?", schema::maybe(schema::short(40))),
        ("reporter_phone?", schema::maybe(schema::short(30))),
        ("anonymous?", schema::flag()),
        ("hidden_identity?", schema::flag()),
        ("urgent?", schema::flag()),
    ]);
    ("NewReport", told)
}
