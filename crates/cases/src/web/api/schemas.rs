//! The schemas of this slice.

use linli_web::api::schema::{
    any, area, flag, id, int, list, maybe, named, number, object, page, short, text, time, words,
};
use serde_json::{Value, json};

use super::command;
use crate::model::{
    Action, CaseState, ClockKind, Colour, Level, Nature, Outcome, Satisfaction, Source, WhistleLevel,
};

/// Where a case stands.
pub(super) fn states() -> Value {
    words(CaseState::ALL)
}

/// The answer to an act.
pub(super) fn state() -> Value {
    object([("id", id()), ("state", states())])
}

/// A report with its photos.
pub(super) fn report_form(report: &str) -> Value {
    json!({
        "type": "object", "required": ["report"],
        "properties": {
            "report": {
                "type": "string", "contentMediaType": "application/json",
                "contentSchema": named(report),
            },
            "photo": { "type": "array", "items": { "type": "string", "contentMediaType": "image/*" } },
        },
    })
}

/// Photos of a form.
pub(super) fn photos() -> Value {
    json!({
        "type": "object", "required": ["photo"],
        "properties": {
            "photo": { "type": "array", "items": { "type": "string", "contentMediaType": "image/*" } },
            "note": text(),
        },
    })
}

fn clock() -> Value {
    object([
        ("kind", words(ClockKind::ALL)),
        ("due", time()),
        ("colour", words(Colour::ALL)),
        ("paused", flag()),
        ("ended", flag()),
        ("percent", int()),
        ("left_ms", int()),
    ])
}

/// A case, and what one case has beside its row in lists.
fn case(more: Vec<(&str, Value)>) -> Value {
    let mut case = object([
        ("id", id()),
        ("number", text()),
        ("external", maybe(text())),
        ("source", words(Source::ALL)),
        ("nature", words(Nature::ALL)),
        ("title", text()),
        ("area", area()),
        ("address", text()),
        ("lat", maybe(number())),
        ("lng", maybe(number())),
        ("state", states()),
        ("whistle", words(WhistleLevel::ALL)),
        ("level", words(Level::ALL)),
        ("lead", id()),
        ("assisting", list(id())),
        ("category", maybe(text())),
        ("urgent", flag()),
        ("urgent_confirmed", flag()),
        ("anonymous", flag()),
        ("hidden", flag()),
        ("reachable", flag()),
        ("ask", maybe(any())),
        ("waiting", flag()),
        ("review", maybe(time())),
        ("next_due", maybe(time())),
        ("clock", maybe(clock())),
        ("reported_at", time()),
        ("updated_at", time()),
        ("ended_at", maybe(time())),
        ("reopen_until", maybe(time())),
        ("outcome", maybe(words(Outcome::ALL))),
        ("satisfaction", maybe(words(Satisfaction::ALL))),
        ("called_at", maybe(time())),
        ("parent", maybe(id())),
        ("open_tasks", int()),
        ("returns", int()),
        ("reopened", int()),
        ("photo", maybe(id())),
    ]);
    for (name, schema) in more {
        case["properties"][name] = schema;
        if let Some(required) = case["required"].as_array_mut() {
            required.push(name.into());
        }
    }
    case
}

fn detail() -> Value {
    let related = object([
        ("id", id()),
        ("number", text()),
        ("title", text()),
        ("state", states()),
        ("lead", id()),
        ("parent", maybe(id())),
        ("merged_into", maybe(id())),
    ]);
    let reporter = object([
        ("name", maybe(text())),
        ("phone", maybe(text())),
        ("hidden", flag()),
        ("anonymous", flag()),
    ]);
    case(vec![
        ("text", text()),
        ("reply", maybe(text())),
        ("former_replies", list(former_reply())),
        ("reporter", reporter),
        ("clocks", list(clock())),
        ("photos", list(photo())),
        ("tasks", list(related.clone())),
        ("merged", list(related)),
        ("allowed", list(words(Action::ALL))),
    ])
}

/// A reply after which the case was opened again.
fn former_reply() -> Value {
    object([("at", time()), ("text", text()), ("reopened_at", time())])
}

fn photo() -> Value {
    object([("id", id()), ("seq", int()), ("work", flag()), ("public", flag())])
}

fn entry() -> Value {
    object([
        ("seq", int()),
        ("at", time()),
        ("action", words(Action::ALL)),
        (
            "who",
            json!({ "type": ["string", "object"], "description": "`system`, `public`, or the id of a person or system" }),
        ),
        ("name", text()),
        ("org", maybe(id())),
        ("from", maybe(states())),
        ("to", states()),
        ("public", flag()),
        ("note", maybe(text())),
        ("facts", any()),
    ])
}

fn tracked() -> Value {
    let line = object([
        ("at", time()),
        ("action", words(Action::ALL)),
        ("to", states()),
        ("org", maybe(id())),
        ("own", flag()),
        ("note", maybe(text())),
        ("facts", any()),
        ("photos", list(id())),
    ]);
    object([
        ("id", id()),
        ("number", text()),
        ("title", text()),
        ("text", text()),
        ("source", words(Source::ALL)),
        ("nature", words(Nature::ALL)),
        ("category", maybe(text())),
        ("area", area()),
        ("address", text()),
        ("point", maybe(json!({ "type": "array", "items": number(), "minItems": 2, "maxItems": 2 }))),
        ("state", states()),
        ("whistle", words(WhistleLevel::ALL)),
        ("lead", id()),
        ("urgent", flag()),
        ("hidden", flag()),
        ("reported_at", time()),
        ("updated_at", time()),
        ("expected", maybe(time())),
        ("question", maybe(text())),
        ("review", maybe(time())),
        ("reply", maybe(text())),
        ("former_replies", list(former_reply())),
        ("declined", maybe(text())),
        ("outcome", maybe(words(Outcome::ALL))),
        ("satisfaction", maybe(words(Satisfaction::ALL))),
        ("ended_at", maybe(time())),
        ("reopen_until", maybe(time())),
        ("can", list(words(Action::ALL))),
        ("followed", maybe(json!({ "type": "array" }))),
        ("timeline", list(line)),
        ("photos", list(photo())),
        ("looks", list(object([("at", time()), ("by", text()), ("reason", text())]))),
    ])
}

fn report() -> Value {
    object([
        ("source", words(Source::ALL)),
        ("nature", words(Nature::ALL)),
        ("text", short(4000)),
        ("title?", short(100)),
        ("category?", maybe(text())),
        ("lat?", maybe(number())),
        ("lng?", maybe(number())),
        ("area?", maybe(area())),
        ("address?", short(200)),
        ("reporter_name?", maybe(short(40))),
        ("reporter_phone?", maybe(short(30))),
        ("anonymous?", flag()),
        ("hidden_identity?", flag()),
        ("urgent?", flag()),
        (
            "external?",
            maybe(
                json!({ "type": "string", "maxLength": 64, "description": "the other system's number; once per source" }),
            ),
        ),
        ("reported_at?", maybe(time())),
    ])
}

/// What a desk decides about a new case.
fn decision() -> Value {
    object([
        ("whistle", words(WhistleLevel::ALL)),
        ("lead", id()),
        ("category?", maybe(text())),
        ("assisting?", list(id())),
        ("note?", maybe(text())),
    ])
}

/// Under their names.
pub(super) fn all() -> Value {
    let receipt = object([("id", id()), ("number", text()), ("token", text()), ("tracking_url", text())]);
    let refused = object([("case", id()), ("state?", states()), ("refused?", text())]);
    let mut all = json!({
        "Case": case(Vec::new()),
        "CaseDetail": detail(),
        "CasePage": page(named("Case")),
        "NewCase": report(),
        "Receipt": receipt,
        "TimelineEntry": entry(),
        "TrackedCase": tracked(),
        "TriageDecision": decision(),
        "PerCase": object([("results", list(refused))]),
    });
    for (action, schema) in command::schemas() {
        all[format!("CaseAction_{action}")] = schema;
    }
    let (name, schema) = super::reports::schema();
    all[name] = schema;
    for (name, schema) in crate::hotline::schemas() {
        all[name] = schema;
    }
    all
}
