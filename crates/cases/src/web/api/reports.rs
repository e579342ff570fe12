//! Reports without a key, for an app in a resident's hand: the page `/report` in JSON, with its rules and its pace.

use axum::{
    http::{HeaderMap, StatusCode},
    response::Response,
};
use linli_kernel::{Actor, AreaCode, Error, Result};
use linli_store::Op;
use linli_web::{
    Access, Ctx, WebResult,
    api::{self, Asked, Once, Operation, schema},
    limit::Purpose,
    upload::{self, File, Upload},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    app::{self, NewReport, Photo, ReporterInput},
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
    fn report(self, photos: Vec<Photo>) -> Result<NewReport> {
        if self.lat.is_some() != self.lng.is_some() {
            let absent = if self.lat.is_none() { "lat" } else { "lng" };
            return Err(Error::field(absent, "error-required"));
        }
        if self.lat.is_none() && self.area.is_none() && self.address.trim().is_empty() {
            return Err(Error::field("area", "case-place-needed"));
        }
        Ok(NewReport {
            source: Source::Resident,
            nature: self.nature.unwrap_or(Nature::Help),
            title: String::new(),
            text: self.text,
            category: None,
            point: self.lat.zip(self.lng),
            area: self.area,
            address: self.address,
            reporter: ReporterInput {
                name: self.reporter_name,
                phone: self.reporter_phone,
                anonymous: self.anonymous,
                hidden: self.hidden_identity,
            },
            urgent: self.urgent,
            photos,
            parent: None,
            external: None,
            reported_at: None,
        })
    }
}

/// The body of a form with its files, for the key of a repeat; the files as harmless pictures.
pub(super) async fn pictures(ctx: &Ctx, report: &str, files: Vec<File>) -> Result<(Vec<u8>, Vec<Photo>)> {
    let mut sent = report.as_bytes().to_vec();
    let mut photos = Vec::new();
    for file in files {
        sent.extend_from_slice(&Sha256::digest(&file.bytes));
        let picture = upload::picture(&file.field, file.bytes).await?;
        photos.push(Photo::keep(&ctx.district, picture).await?);
    }
    Ok((sent, photos))
}

async fn report(ctx: Ctx, Asked(told, mut once): Asked<Told>) -> WebResult {
    api::counted(&ctx)?;
    let mut op = begin(&ctx).await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    // What was answered before is no report of its own.
    ctx.app.limits().check(Purpose::Report, &ctx.source)?;
    Ok(take(&ctx, op, told.report(Vec::new())?, once).await?)
}

async fn report_form(ctx: Ctx, headers: HeaderMap, form: Upload) -> WebResult {
    // Before the photos are decoded.
    ctx.app.limits().check(Purpose::Report, &ctx.source)?;
    let text = form.text("report").ok_or_else(|| Error::field("report", "error-required"))?.to_owned();
    let told: Told = api::read(text.as_bytes())?;
    if form.files.len() > form::PHOTOS {
        return Err(Error::field("photo", "case-error-photos-many").into());
    }
    let (sent, photos) = pictures(&ctx, &text, form.files).await?;
    let mut once = Once::of(&ctx, &headers, &sent)?;
    let mut op = begin(&ctx).await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    Ok(take(&ctx, op, told.report(photos)?, once).await?)
}

/// Whoever is logged in reports here as a resident too, and is not named in the log.
async fn begin(ctx: &Ctx) -> Result<Op> {
    Op::begin(ctx.district.clone(), &ctx.db, Actor::Public, ctx.request.clone()).await
}

async fn take(ctx: &Ctx, mut op: Op, new: NewReport, once: Once) -> Result<Response> {
    let receipt = app::report(&mut op, new).await?;
    let answer = json!({
        "id": receipt.id, "number": receipt.number, "token": receipt.token,
        "tracking_url": format!("{}/t/{}", ctx.origin, receipt.token),
    });
    once.done(op, StatusCode::CREATED, &answer).await
}

const ABOUT: &str = "The page `/report` for an app: no key and no log-in, counted by address like the page. \
    Say where: a point, an area, or words. With an `Idempotency-Key` of its own (a random one) a report that is sent \
    again after a broken connection is one report, and answers the same.";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::post("/api/v1/reports", Access::Public, "Report as a resident", report)
            .about(ABOUT)
            .takes(schema::named("NewReport"))
            .answers(201, "Number and tracking link", schema::named("ReportReceipt")),
        Operation::post(
            "/api/v1/reports/with-photos",
            Access::Public,
            "Report as a resident, with photos",
            report_form,
        )
        .about(ABOUT)
        .takes_form(super::schemas::report_form("NewReport"))
        .answers(201, "Number and tracking link", schema::named("ReportReceipt")),
    ]
}

pub(super) fn schemas() -> [(&'static str, Value); 2] {
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
    let receipt = schema::object([
        ("id", schema::id()),
        ("number", schema::text()),
        ("token", schema::text()),
        ("tracking_url", schema::text()),
    ]);
    [("NewReport", told), ("ReportReceipt", receipt)]
}
