//! What a reporter does with their own case, by the secret of its link.

use axum::{Json, http::StatusCode, response::IntoResponse};
use linli_kernel::Actor;
use linli_store::Op;
use linli_web::{
    Access, Ctx, WebResult,
    api::{Asked, At, Operation, schema},
    limit::Purpose,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{cases::command, schemas};
use crate::{
    app::{self, Proof},
    model::Action,
    read,
    web::resident::find::link,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lost {
    number: String,
    phone: String,
}

async fn find(ctx: Ctx, Asked(lost, _): Asked<Lost>) -> WebResult {
    ctx.app.limits().check(Purpose::Track, &ctx.source)?;
    let token = link(&ctx, &lost.number, &lost.phone).await?;
    Ok(Json(json!({ "token": token, "tracking_url": format!("{}/t/{token}", ctx.origin) })).into_response())
}

async fn track(ctx: Ctx, At(token): At<String>) -> WebResult {
    ctx.app.limits().check(Purpose::Track, &ctx.source)?;
    let case = read::track(&mut ctx.read().await?, &token).await?;
    Ok(Json(case).into_response())
}

async fn act(
    ctx: Ctx,
    At((token, action)): At<(String, String)>,
    Asked(values, mut once): Asked<Map<String, Value>>,
) -> WebResult {
    ctx.app.limits().check(Purpose::Report, &ctx.source)?;
    let command = command(&action, &values)?;
    let id = read::track(&mut ctx.read().await?, &token).await?.id;
    // Who holds the link acts as the reporter, also one of our own people: the log does not name them.
    let mut op = Op::begin(ctx.district.clone(), &ctx.db, Actor::Public, ctx.request.clone()).await?;
    if let Some(before) = once.before(&mut op).await? {
        return Ok(before);
    }
    let state = app::act(&mut op, id, command, Proof::Token(token), Vec::new()).await?;
    Ok(once.done(op, StatusCode::OK, &json!({ "id": id, "state": state })).await?)
}

async fn photo(ctx: Ctx, At((token, photo)): At<(String, Uuid)>) -> WebResult {
    let blob = read::track_photo(&mut ctx.read().await?, &token, photo, false).await?;
    crate::web::photos::file(&ctx, &blob).await
}

/// What a reporter can do by the link.
const OWN: &[Action] = &[
    Action::Comment,
    Action::ReporterAnswered,
    Action::Rate,
    Action::Reopen,
    Action::FlagUrgent,
    Action::HideIdentity,
];

pub(super) fn operations() -> Vec<Operation> {
    let token = "the secret of the tracking link";
    let bodies: Vec<Value> = OWN.iter().map(|a| schema::named(&format!("CaseAction_{a}"))).collect();
    vec![
        Operation::post("/api/v1/tracking", Access::Public, "Find a lost link by number and phone", find)
            .about("A case whose reporter is hidden or anonymous is not found: only its link leads there.")
            .without_key()
            .takes(schema::object([
                ("number", schema::text()),
                ("phone", json!({ "type": "string", "description": "the whole phone number that the reporter left" })),
            ]))
            .answers(
                200,
                "The link",
                schema::object([("token", schema::text()), ("tracking_url", schema::text())]),
            ),
        Operation::get("/api/v1/tracking/{token}", Access::Public, "A case as its reporter sees it", track)
            .part("token", token, schema::text())
            .answers(200, "The case", schema::named("TrackedCase")),
        Operation::post(
            "/api/v1/tracking/{token}/actions/{action}",
            Access::Public,
            "Answer, rate, reopen",
            act,
        )
        .about("The body is the schema `CaseAction_{action}`; what is open now stands in `can` of the case.")
        .part("token", token, schema::text())
        .part("action", "what to do", schema::words(OWN))
        .may_take(json!({ "anyOf": bodies }))
        .answers(200, "The state afterwards", schemas::state()),
        Operation::get(
            "/api/v1/tracking/{token}/photos/{photo}",
            Access::Public,
            "A photo of the own case",
            photo,
        )
        .part("token", token, schema::text())
        .part("photo", "its id", schema::id())
        .file("The photo", &["image/jpeg"]),
    ]
}
