//! The interface of the phone.

use std::collections::HashSet;

use axum::{
    Json,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use linli_access::{Access as Keys, Purpose};
use linli_kernel::{Error, FieldError, Result};
use linli_store::Blobs;
use linli_web::{
    Access, Ctx, Locale, WebResult,
    api::{self, Asked, At, Operation, schema},
    tagged::Tagged,
    upload::{self, Upload},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{
    Act, Answer, Due, Entry, Outcome, model::Change, pack, photos, photos::MOST_PHOTOS, take, take::MOST,
};
use crate::model::{CareKind, Field, Relation, Residence, Sex, Usage};

async fn down(ctx: Ctx, headers: HeaderMap) -> WebResult<Response> {
    let cases = pack::cases(&mut ctx.read().await?, &ctx.district, &ctx.actor).await?;
    let mut op = ctx.op().await?;
    let pack = pack::pack(&mut op, cases).await?;
    let pack = Tagged::json(&pack)?;
    // What the phone has already does not go down again, and is not written down as looked at again.
    if !pack.is_known(&headers) {
        op.commit().await?;
    }
    Ok(pack.answer(&headers))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Device {
    device: Uuid,
}

/// The key under which this account's things lie on this device. It is derived, not kept: after a log-out the phone
/// has nothing that opens them, after the next log-in of the same account it is given again.
async fn key(ctx: Ctx, Asked(asked, _): Asked<Device>) -> WebResult<Response> {
    let account = ctx.actor.account().ok_or(Error::Unauthorised)?;
    let ring = &ctx.district.port::<Keys>()?.keyring;
    let key = ring.lookup(Purpose::Resident, &format!("offline/{account}/{}", asked.device))?;
    let owner = ring.lookup(Purpose::Resident, &format!("offline-owner/{account}"))?;
    let told = json!({
        "key": STANDARD.encode(key), "owner": STANDARD.encode(owner.get(..9).unwrap_or_default()),
    });
    Ok(Json(told).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries {
    entries: Vec<Value>,
}

fn told(locale: &Locale, answer: &Answer) -> Value {
    let mut told = json!(answer);
    if !answer.faults.is_empty() {
        let one =
            |f: &FieldError| json!({ "field": f.field, "code": f.key, "message": locale.field_error(f) });
        told["errors"] = answer.faults.iter().map(one).collect();
    }
    told
}

async fn one(ctx: &Ctx, value: &Value, stopped: &mut HashSet<String>) -> Result<Answer> {
    let text = serde_json::to_vec(value).map_err(Error::internal)?;
    let entry: Entry = match linli_web::api::read(&text) {
        Ok(entry) => entry,
        Err(Error::Invalid(faults)) => {
            let id = value.get("id").and_then(Value::as_str).and_then(|id| id.parse().ok());
            // What should have come first is not there: nothing of this home goes on.
            stopped.extend(value.get("dwelling").and_then(Value::as_str).map(str::to_ascii_lowercase));
            return Ok(Answer::refused(id, faults));
        }
        Err(other) => return Err(other),
    };
    let home = entry.dwelling.to_string();
    if stopped.contains(&home) {
        return Ok(Answer::bare(Some(entry.id), Outcome::Waits));
    }
    let answer = take::take(ctx.op().await?, &entry).await?;
    if !matches!(answer.outcome, Outcome::Done | Outcome::Settled) {
        stopped.insert(home);
    }
    Ok(answer)
}

async fn up(ctx: Ctx, Asked(asked, _): Asked<Entries>) -> WebResult<Response> {
    if asked.entries.len() > MOST {
        return Err(Error::field("entries", "error-value").into());
    }
    let mut answers = Vec::with_capacity(asked.entries.len());
    let mut stopped = HashSet::new();
    for value in &asked.entries {
        answers.push(told(&ctx.locale, &one(&ctx, value, &mut stopped).await?));
    }
    Ok(Json(json!({ "answers": answers })).into_response())
}

async fn photo(ctx: Ctx, At(id): At<Uuid>, form: Upload) -> WebResult<Response> {
    let [file] =
        <[upload::File; 1]>::try_from(form.files).map_err(|_| Error::field("photo", "error-required"))?;
    let picture = upload::picture("photo", file.bytes).await?;
    let blobs = ctx.district.port::<Blobs>()?;
    let full = blobs.put(picture.full).await?;
    let small = blobs.put(picture.thumbnail).await?;
    let mut op = ctx.op().await?;
    let fresh = photos::keep(&mut op, id, &full, &small).await?;
    op.commit().await?;
    let status = if fresh { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(json!({ "id": id }))).into_response())
}

const UP: &str = "Up to 50 entries, in the order in which they were made. Each is answered for itself and taken once under its \
`id`: the same again is answered as before. `conflict` means that the record has changed in something that the worker saw or \
says; nothing was taken, `differs` holds both sides, and a new entry with `settles` says what the worker chose. `waits` means \
that the entry in `after`, an earlier one of the same home, or a photo is not there yet. `gone` means that there is no such home \
in the worker's grids.";

pub(super) fn operations() -> Vec<Operation> {
    let may = Access::May("visit.offline");
    let id = schema::object([("id", schema::id())]);
    vec![
        Operation::get("/api/v1/offline/pack", may, "The day's homes and cases for a phone", down)
            .about("Only the homes of the own grids, without identity numbers. With `If-None-Match` a phone that has it already is told so.")
            .answers(200, "The pack", schema::named("VisitPack"))
            .answers_nothing(304, "Nothing has changed"),
        Operation::post("/api/v1/offline/key", may, "The key for what lies on this device", key)
            .without_key()
            .takes(schema::object([("device", schema::id())]))
            .answers(200, "32 bytes in base64, the same for this account and device each time", schema::object([
                ("key", schema::text()),
                ("owner", schema::text()),
            ])),
        Operation::post("/api/v1/offline/entries", may, "What was found at the doors", up)
            .about(UP)
            .without_key()
            .takes(schema::object([(
                "entries",
                json!({ "type": "array", "maxItems": MOST, "items": schema::named("VisitEntry") }),
            )]))
            .answers(200, "What became of each", schema::object([("answers", schema::list(schema::named("VisitAnswer")))])),
        Operation::post("/api/v1/offline/photos/{id}", may, "A photo of a visit, before its entry", photo)
            .part("id", "the phone's own id", schema::id())
            .takes_form(schema::object([("photo", json!({ "type": "string", "format": "binary" }))]))
            .answers(200, "It was there", id.clone())
            .answers(201, "Kept", id),
    ]
}

fn person() -> Value {
    schema::object([
        ("id", schema::id()),
        ("version", schema::int()),
        ("name", schema::text()),
        ("sex", schema::words(Sex::ALL)),
        ("born", schema::maybe(schema::int())),
        ("relation", schema::words(Relation::ALL)),
        ("residence", schema::words(Residence::ALL)),
        ("phone", schema::maybe(schema::object([("shown", schema::text()), ("tag", schema::text())]))),
        ("care", schema::list(schema::words(CareKind::ALL))),
    ])
}

fn schemas() -> Value {
    let home = schema::object([
        ("id", schema::id()),
        ("area", schema::area()),
        ("building", schema::id()),
        ("house", schema::text()),
        ("unit", schema::text()),
        ("floor", schema::maybe(schema::int())),
        ("door", schema::text()),
        ("address", schema::text()),
        ("usage", schema::words(Usage::ALL)),
        ("confirmed_at", schema::maybe(schema::time())),
        ("version", schema::int()),
        ("due", schema::words(Due::ALL)),
        ("left", schema::int()),
        ("nobody_at", schema::maybe(schema::time())),
        ("people", schema::list(person())),
    ]);
    let case = schema::object([
        ("id", schema::id()),
        ("number", schema::text()),
        ("title", schema::text()),
        ("place", schema::text()),
        ("state", schema::text()),
        ("urgent", schema::flag()),
        ("due_at", schema::maybe(schema::time())),
    ]);
    let pack = schema::object([
        ("places", schema::list(schema::object([("area", schema::area()), ("name", schema::text())]))),
        ("homes", schema::list(schema::named("VisitHome"))),
        ("more", schema::flag()),
        ("cases", schema::list(case)),
    ]);
    let saw = schema::object([
        ("id", schema::id()),
        ("version", schema::int()),
        ("name", schema::text()),
        ("phone?", schema::text()),
        ("relation", schema::words(Relation::ALL)),
        ("residence", schema::words(Residence::ALL)),
    ]);
    let says = schema::object([
        ("id", schema::id()),
        ("name?", schema::maybe(schema::short(50))),
        ("phone?", schema::maybe(schema::short(30))),
        ("relation?", schema::maybe(schema::words(Relation::ALL))),
        ("residence?", schema::maybe(schema::words(Residence::ALL))),
    ]);
    let entry = schema::object([
        ("id", schema::id()),
        ("dwelling", schema::id()),
        ("act", schema::words(Act::ALL)),
        ("at", schema::time()),
        ("after?", schema::maybe(schema::id())),
        ("settles?", schema::maybe(schema::id())),
        ("note?", schema::short(500)),
        ("photos?", json!({ "type": "array", "maxItems": MOST_PHOTOS, "items": schema::id() })),
        (
            "saw?",
            schema::maybe(schema::object([
                ("version", schema::int()),
                ("usage", schema::words(Usage::ALL)),
                ("people", schema::list(saw)),
            ])),
        ),
        (
            "says?",
            schema::object([
                ("usage?", schema::maybe(schema::words(Usage::ALL))),
                ("people?", schema::list(says)),
            ]),
        ),
    ]);
    let differ = schema::object([
        ("change", schema::words(Change::ALL)),
        ("person", schema::maybe(schema::id())),
        ("name", schema::text()),
        ("field", schema::maybe(schema::words(Field::ALL))),
        ("mine", schema::text()),
        ("theirs", schema::text()),
    ]);
    let fault =
        schema::object([("field", schema::text()), ("code", schema::text()), ("message", schema::text())]);
    let answer = schema::object([
        ("id?", schema::id()),
        ("outcome", schema::words(Outcome::ALL)),
        ("home?", schema::named("VisitHome")),
        ("differs?", schema::list(differ)),
        ("errors?", schema::list(fault)),
    ]);
    json!({ "VisitPack": pack, "VisitHome": home, "VisitEntry": entry, "VisitAnswer": answer })
}

/// This module's part of the document.
pub(crate) fn openapi() -> Value {
    api::document(&operations(), schemas())
}
