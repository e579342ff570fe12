//! The interface for peers: `/api/v1/changes` and `/api/v1/sync/residents`.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use linli_access::Access as Keys;
use linli_kernel::{Error, Result};
use linli_store::Op;
use linli_web::{
    Access, Ctx, Locale, Route, WebResult,
    api::{self, Asked, Asks, Operation, schema},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Agreement, Direction, Shared, agreement,
    agreement::note,
    feed::{self, Item},
    sync::{self, MOST, Reply},
    view,
};
use crate::{
    model::{Field, Leaving},
    rules::Verdict,
    store::feed::Subject,
};

/// Changes of a page, if the peer does not say how many.
const USUAL: usize = 200;
/// At most.
const LIMIT: usize = 500;
/// Steps that one question brings the peer's feed on at most.
const STEPS: usize = 40;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    after: Option<i64>,
    limit: Option<usize>,
}

async fn changes(ctx: Ctx, Asks(asked): Asks<After>) -> WebResult<Response> {
    let limit = asked.limit.unwrap_or(USUAL);
    if !(1..=LIMIT).contains(&limit) {
        return Err(Error::field("limit", "error-value").into());
    }
    let after = asked.after.unwrap_or_default();
    if after < 0 {
        return Err(Error::field("after", "error-value").into());
    }
    let mut op = ctx.op().await?;
    let agreement = agreement::of_client(&mut op.tx, &op.actor, op.now, Direction::gives).await?;
    let access = op.district.port::<Keys>()?;
    let (found, next, more) = page(&mut op, &agreement, after, limit).await?;
    let changes = view::told(&mut op.tx, &access, &agreement, &found, op.now).await?;
    if !changes.is_empty() {
        let now = op.now;
        let people = view::note_told(&mut op.tx, agreement.id, &changes, now).await?;
        let detail = json!({
            "peer": agreement.peer, "after": after, "next": next, "changes": changes.len(), "residents": people,
            "purpose": agreement.purpose,
        });
        note(&mut op, "exchange.changes", agreement.id, detail).await?;
    }
    op.commit().await?;
    Ok(Json(view::Page { changes, next, more }).into_response())
}

/// A page of the peer's own feed. What has not been looked through is, within bounds: a peer that asks for the first
/// time may be told to ask again.
async fn page(op: &mut Op, a: &Agreement, after: i64, limit: usize) -> Result<(Vec<Item>, i64, bool)> {
    for _ in 0..STEPS {
        let found = feed::next(&mut op.tx, a, after, limit).await?.0;
        if found.len() == limit || !feed::advance(op, a).await? {
            break;
        }
    }
    feed::next(&mut op.tx, a, after, limit).await
}

async fn own(ctx: Ctx) -> WebResult<Response> {
    let mut conn = ctx.read().await?;
    let a = agreement::of_client(&mut conn, &ctx.actor, ctx.now(), |_| true).await?;
    let told = json!({
        "id": a.id, "name": a.name, "purpose": a.purpose, "direction": a.direction, "fields": a.fields,
        "areas": a.areas, "trusted": a.trusted, "starts_at": a.starts_at, "ends_at": a.ends_at,
    });
    Ok(Json(told).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Residents {
    residents: Vec<Value>,
}

fn reply(locale: &Locale, reply: &Reply) -> Value {
    let mut told = json!(reply);
    if !reply.faults.is_empty() {
        let one = |f: &linli_kernel::FieldError| json!({ "field": f.field, "code": f.key, "message": locale.field_error(f) });
        told["errors"] = reply.faults.iter().map(one).collect();
    }
    told
}

async fn residents(ctx: Ctx, Asked(asked, mut once): Asked<Residents>) -> WebResult<Response> {
    let mut op = ctx.op().await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let replies = sync::take(&mut op, &asked.residents).await?;
    let rows: Vec<Value> = replies.iter().map(|r| reply(&ctx.locale, r)).collect();
    Ok(once.done(op, StatusCode::OK, &json!({ "rows": rows })).await?)
}

const CHANGES: &str = "All that has changed in the areas of the agreement after the number `after`, in the order of the \
changes; `after=0` begins with everything that is there. Go on with `next`; `more` says whether to ask again at once, also after a page without changes. \
Each change holds the thing as it is now, with the fields that the agreement names; a change that touches none of them is \
not told. `deleted` means that the thing is gone, or \
no longer in the agreement's areas: remove it. A change may be told twice; `seq` names it, and of two changes of one thing \
the larger `seq` is the later. News is also sent to the agreement's address as `POST` with the same changes: \
`x-linli-delivery` stays the same on every try, `x-linli-signature` is `v1=` and the hexadecimal HMAC-SHA256 of \
`x-linli-timestamp`, a full stop and the body, under the shared secret.";

const SYNC: &str = "Up to 200 people. Each row is answered for itself: `created`, `updated`, `unchanged`, `conflict` (what is \
known differs and weighs more; it was kept, and somebody here looks at it) or `error` (nothing of the row was taken). A row \
says when its fields were last confirmed; the newest confirmed word wins, but what was checked gives way only to what was \
checked too. Fields that differ in that are told in rows of their own under the same `external_id`. The same rows sent again \
change nothing.";

fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/changes", Access::May("exchange.changes"), "What has changed in the register", changes)
            .about(CHANGES)
            .query("after", "`next` of the page before; 0 from the beginning", schema::int())
            .query("limit", "changes of a page, at most 500", json!({ "type": "integer", "minimum": 1, "maximum": LIMIT }))
            .answers(200, "A page of changes", schema::named("RegisterChanges")),
        Operation::get("/api/v1/changes/agreement", Access::May("exchange.changes"), "The agreement that the key belongs to", own)
            .answers(200, "What may be read and told", schema::named("ExchangeAgreement")),
        Operation::post("/api/v1/sync/residents", Access::May("exchange.sync"), "Tell of people, many at once", residents)
            .about(SYNC)
            .takes(schema::object([(
                "residents",
                json!({ "type": "array", "minItems": 1, "maxItems": MOST, "items": schema::named("SyncResident") }),
            )]))
            .answers(200, "What became of each row", schema::object([("rows", schema::list(schema::named("SyncReply")))])),
    ]
}

fn schemas() -> Value {
    let change = schema::object([
        ("seq", schema::int()),
        ("kind", schema::words(Subject::ALL)),
        ("id", schema::id()),
        ("external_id?", schema::text()),
        ("at", schema::time()),
        ("deleted", schema::flag()),
        ("fields?", schema::any()),
    ]);
    let page = schema::object([
        ("changes", schema::list(schema::named("RegisterChange"))),
        ("next", schema::int()),
        ("more", schema::flag()),
    ]);
    let agreement = schema::object([
        ("id", schema::id()),
        ("name", schema::text()),
        ("purpose", schema::text()),
        ("direction", schema::words(Direction::ALL)),
        ("fields", schema::list(schema::words(Shared::ALL))),
        ("areas", schema::list(schema::area())),
        ("trusted", schema::flag()),
        ("starts_at", schema::time()),
        ("ends_at", schema::time()),
    ]);
    let resident = schema::object([
        ("external_id", schema::short(100)),
        ("confirmed_at", schema::time()),
        ("verified?", schema::flag()),
        ("dwelling?", schema::maybe(schema::id())),
        ("area?", schema::maybe(schema::area())),
        ("address?", schema::short(200)),
        ("left?", schema::maybe(schema::words(Leaving::ALL))),
        ("name?", schema::short(50)),
        ("sex?", schema::short(10)),
        ("birth?", schema::short(20)),
        ("id_number?", schema::short(20)),
        ("phone?", schema::short(30)),
        ("relation?", schema::short(20)),
        ("residence?", schema::short(20)),
    ]);
    let verdicts = [Verdict::Same, Verdict::Taken, Verdict::Older, Verdict::Unverified];
    let fault =
        schema::object([("field", schema::text()), ("code", schema::text()), ("message", schema::text())]);
    let mut reply = schema::object([
        ("external_id", schema::text()),
        ("outcome", schema::words(sync::Outcome::ALL)),
        ("id?", schema::id()),
        ("errors?", schema::list(fault)),
    ]);
    reply["properties"]["fields"] = json!({
        "type": "object", "additionalProperties": schema::words(&verdicts),
        "description": format!("by field: {}", Field::ALL.iter().take(8).map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    });
    json!({
        "RegisterChange": change, "RegisterChanges": page, "ExchangeAgreement": agreement, "SyncResident": resident,
        "SyncReply": reply,
    })
}

pub(crate) fn routes() -> Vec<Route> {
    api::routes(operations())
}

/// This slice's part of the OpenAPI document.
pub(crate) fn openapi() -> Value {
    api::document(&operations(), schemas())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_reference_leads_somewhere() {
        let manifest = crate::manifest();
        assert_eq!(linli_web::openapi::differences(&manifest), Vec::<String>::new());
        assert_eq!(linli_web::openapi::dangling(&(manifest.openapi)()), Vec::<String>::new());
    }
}
