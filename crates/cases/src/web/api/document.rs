//! This slice's part of the OpenAPI 3.1 document.

use serde_json::{Map, Value, json};

use super::command;
use crate::{
    model::{CaseState, Level, Nature, Outcome, Satisfaction, Source, WhistleLevel},
    read::AskKind,
};

fn words<T: Copy>(all: &[T], word: impl Fn(T) -> &'static str) -> Value {
    json!({ "type": "string", "enum": all.iter().map(|w| word(*w)).collect::<Vec<_>>() })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn content(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

fn answers(status: &str, what: &str, schema: Value, wrong: &[&str]) -> Value {
    let mut all = Map::new();
    all.insert(status.to_owned(), json!({ "description": what, "content": content(schema) }));
    for code in wrong {
        let problem = json!({ "application/problem+json": { "schema": reference("Problem") } });
        let what = match *code {
            "401" => "no valid key or log-in",
            "403" => "visible, but not permitted",
            "404" => "not there, or not visible",
            "409" => "the present state does not allow it, or the key was used for something else",
            _ => "wrong fields, each named in `errors`",
        };
        all.insert((*code).to_owned(), json!({ "description": what, "content": problem }));
    }
    all.into()
}

fn parameter(name: &str, place: &str, what: &str, schema: Value) -> Value {
    json!({ "name": name, "in": place, "description": what, "required": place == "path", "schema": schema })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn case_parameter() -> Value {
    parameter("id", "path", "id or number of the case", text())
}

fn key_parameter() -> Value {
    let schema =
        json!({ "type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[A-Za-z0-9._:-]+$" });
    parameter(
        "Idempotency-Key",
        "header",
        "a repeat with the same key changes nothing and answers the same",
        schema,
    )
}

fn filters() -> Vec<Value> {
    let query = |name: &str, what: &str, schema: Value| parameter(name, "query", what, schema);
    let time = || json!({ "type": "string", "format": "date-time" });
    let id = || json!({ "type": "string", "format": "uuid" });
    vec![
        query("state", "states, joined by commas", text()),
        query("whistle", "whistle", words(WhistleLevel::ALL, WhistleLevel::as_str)),
        query("level", "responsible level", words(Level::ALL, Level::as_str)),
        query("area", "area code; everything inside", text()),
        query("org", "an organisation that takes part", id()),
        query("lead", "the leading organisation", id()),
        query("source", "source", words(Source::ALL, Source::as_str)),
        query("category", "category code; everything below", text()),
        query("q", "words, number, another system's number, phone", text()),
        query("ask", "what waits for a decision, joined by commas", words(AskKind::ALL, AskKind::as_str)),
        query("from", "reported from then", time()),
        query("to", "reported before then", time()),
        query("urgent", "only urgent ones", json!({ "type": "boolean" })),
        query("overdue", "only with a broken promise", json!({ "type": "boolean" })),
    ]
}

fn paging() -> Vec<Value> {
    let mut all = filters();
    all.extend([
        parameter(
            "sort",
            "query",
            "newest first, or what breaks next first",
            json!({ "enum": ["newest", "due"] }),
        ),
        parameter("after", "query", "`next` of the page before", text()),
        parameter(
            "size",
            "query",
            "rows",
            json!({ "type": "integer", "minimum": 1, "maximum": 200, "default": 50 }),
        ),
    ]);
    all
}

fn schemas() -> Value {
    let time = || json!({ "type": "string", "format": "date-time" });
    let maybe = |kind: &str| json!({ "type": [kind, "null"] });
    let case = json!({
        "type": "object",
        "required": ["id", "number", "source", "nature", "title", "area", "state", "whistle", "level", "lead", "reported_at"],
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "number": text(),
            "external": maybe("string"),
            "source": words(Source::ALL, Source::as_str),
            "nature": words(Nature::ALL, Nature::as_str),
            "title": text(),
            "area": { "type": "string", "description": "area code of 6, 9, 12 or 15 digits" },
            "address": text(),
            "lat": maybe("number"),
            "lng": maybe("number"),
            "state": words(CaseState::ALL, CaseState::as_str),
            "whistle": words(WhistleLevel::ALL, WhistleLevel::as_str),
            "level": words(Level::ALL, Level::as_str),
            "lead": { "type": "string", "format": "uuid" },
            "assisting": { "type": "array", "items": { "type": "string", "format": "uuid" } },
            "category": maybe("string"),
            "urgent": { "type": "boolean" },
            "urgent_confirmed": { "type": "boolean" },
            "next_due": maybe("string"),
            "clock": { "type": ["object", "null"] },
            "reported_at": time(),
            "updated_at": time(),
            "ended_at": maybe("string"),
            "outcome": { "anyOf": [words(Outcome::ALL, Outcome::as_str), { "type": "null" }] },
            "satisfaction": { "anyOf": [words(Satisfaction::ALL, Satisfaction::as_str), { "type": "null" }] },
        },
    });
    let report = json!({
        "type": "object", "required": ["source", "nature", "text"], "additionalProperties": false,
        "properties": {
            "source": words(Source::ALL, Source::as_str),
            "nature": words(Nature::ALL, Nature::as_str),
            "text": { "type": "string", "maxLength": 4000 },
            "title": { "type": "string", "maxLength": 100 },
            "category": maybe("string"),
            "lat": maybe("number"),
            "lng": maybe("number"),
            "area": maybe("string"),
            "address": { "type": "string", "maxLength": 200 },
            "reporter_name": maybe("string"),
            "reporter_phone": maybe("string"),
            "anonymous": { "type": "boolean" },
            "hidden_identity": { "type": "boolean" },
            "urgent": { "type": "boolean" },
            "external": { "type": ["string", "null"], "description": "the other system's number; once per source" },
            "reported_at": { "type": ["string", "null"], "format": "date-time" },
        },
    });
    let problem = json!({
        "type": "object", "required": ["type", "title", "status"],
        "properties": {
            "type": text(), "title": text(), "status": { "type": "integer" }, "instance": text(),
            "errors": { "type": "array", "items": {
                "type": "object", "properties": { "field": text(), "code": text(), "message": text() },
            } },
        },
    });
    let page = json!({
        "type": "object", "required": ["items"],
        "properties": { "items": { "type": "array", "items": reference("Case") }, "next": maybe("string") },
    });
    let mut all = json!({ "Case": case, "CasePage": page, "NewCase": report, "Problem": problem });
    for (action, schema) in command::schemas() {
        all[format!("CaseAction_{action}")] = schema;
    }
    all
}

fn act(who: Value) -> Value {
    let actions: Vec<Value> = command::schemas().map(|(action, _)| json!(action)).collect();
    let bodies: Vec<Value> =
        command::schemas().map(|(action, _)| reference(&format!("CaseAction_{action}"))).collect();
    json!({
        "summary": "Do something with a case",
        "description": "The body is the schema `CaseAction_{action}`.",
        "parameters": [who, parameter("action", "path", "what to do", json!({ "type": "string", "enum": actions })), key_parameter()],
        "requestBody": { "required": false, "content": content(json!({ "anyOf": bodies })) },
        "responses": answers(
            "200",
            "the state afterwards",
            json!({ "type": "object", "properties": { "id": text(), "state": words(CaseState::ALL, CaseState::as_str) } }),
            &["401", "403", "404", "409", "422"],
        ),
    })
}

/// Paths and schemas.
pub(crate) fn part() -> Value {
    let object = || json!({ "type": "object" });
    let get = |summary: &str, parameters: Vec<Value>, schema: Value| {
        json!({
            "summary": summary, "parameters": parameters,
            "responses": answers("200", summary, schema, &["401", "403", "404", "422"]),
        })
    };
    let token = || parameter("token", "path", "the secret of the tracking link", text());
    let mut file = filters();
    file.push(parameter(
        "format",
        "query",
        "kind of file",
        json!({ "enum": ["csv", "xlsx"], "default": "csv" }),
    ));
    let span = ["from", "to"]
        .map(|n| parameter(n, "query", "reported then", json!({ "type": "string", "format": "date-time" })));
    let upload = json!({ "multipart/form-data": { "schema": {
        "type": "object", "required": ["photo"],
        "properties": { "photo": { "type": "array", "items": { "type": "string", "contentMediaType": "image/*" } }, "note": text() },
    } } });
    let picture = json!({ "200": { "description": "a JPEG", "content": { "image/jpeg": {} } } });
    let one_photo = vec![case_parameter(), parameter("photo", "path", "the photo", text())];
    json!({
        "paths": {
            "/api/v1/cases": {
                "get": get("List cases within one's scope", paging(), reference("CasePage")),
                "post": {
                    "summary": "Report a case", "parameters": [key_parameter()],
                    "requestBody": { "required": true, "content": content(reference("NewCase")) },
                    "responses": answers("201", "number and tracking link", object(), &["401", "403", "409", "422"]),
                },
            },
            "/api/v1/cases/stats": { "get": get("Rates and board numbers", span.to_vec(), object()) },
            "/api/v1/cases/points": { "get": get("Cases with a place, as GeoJSON", filters(), object()) },
            "/api/v1/cases/export": { "get": {
                "summary": "The list as a file", "parameters": file,
                "responses": { "200": { "description": "CSV or Excel", "content": {
                    "text/csv": {}, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {},
                } } },
            } },
            "/api/v1/cases/{id}": { "get": get("One case", vec![case_parameter()], reference("Case")) },
            "/api/v1/cases/{id}/timeline": { "get": get("What happened to it", vec![case_parameter()], object()) },
            "/api/v1/cases/{id}/actions/{action}": { "post": act(case_parameter()) },
            "/api/v1/cases/{id}/photos": { "post": {
                "summary": "Add photos of the work", "parameters": [case_parameter()],
                "requestBody": { "required": true, "content": upload },
                "responses": answers("201", "how many were added", object(), &["401", "403", "404", "422"]),
            } },
            "/api/v1/cases/{id}/photos/{photo}": { "get": {
                "summary": "A photo", "parameters": one_photo, "responses": picture,
            } },
            "/api/v1/tracking/{token}": { "get": get("A case as its reporter sees it", vec![token()], object()) },
            "/api/v1/tracking/{token}/actions/{action}": { "post": act(token()) },
        },
        "components": { "schemas": schemas() },
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_route_is_described_and_every_description_is_a_route() {
        let manifest = crate::manifest();
        assert_eq!(linli_web::openapi::differences(&manifest), Vec::<String>::new());
        assert_eq!(linli_web::openapi::dangling(&(manifest.openapi)()), Vec::<String>::new());
    }
}
