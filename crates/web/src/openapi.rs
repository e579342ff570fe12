//! The description of the interface for other systems: one OpenAPI 3.1 document from the slices' parts.

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    Json,
    http::StatusCode,
    routing::{MethodRouter, get},
};
use serde_json::{Map, Value, json};

use crate::{
    Access, App, Chrome, Ctx, Manifest,
    api::{self, schema},
};

/// Where the routes begin that the document describes.
const PREFIX: &str = "/api/v1/";

fn merge(into: &mut Map<String, Value>, part: Option<&Value>) {
    for (name, value) in part.and_then(Value::as_object).into_iter().flatten() {
        match (into.get_mut(name), value) {
            // Two slices may describe two methods of one path.
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new.clone()),
            _ => {
                into.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The whole document.
pub fn document(manifests: &[Manifest]) -> Value {
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for manifest in manifests {
        let part = (manifest.openapi)();
        merge(&mut paths, part.get("paths"));
        merge(&mut schemas, part.pointer("/components/schemas"));
    }
    let own = crate::api::document(&[itself()], json!({}));
    merge(&mut paths, own.get("paths"));
    merge(&mut schemas, own.pointer("/components/schemas"));
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Linli", "version": env!("CARGO_PKG_VERSION"), "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" } },
        "security": [{ "key": [] }, { "session": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer", "description": "an API key of the district" },
                "session": { "type": "apiKey", "in": "cookie", "name": "linli_session", "description": "the log-in of a person; changes need a same-site request" } },
        },
    })
}

/// The description of the document's own address.
fn itself() -> api::Operation {
    let what = "This description";
    api::Operation::get("/api/v1/openapi.json", Access::Public, what, async || StatusCode::NOT_FOUND).answers(
        200,
        what,
        schema::any(),
    )
}

/// Serves the document; wire it at `/api/v1/openapi.json`.
pub fn route(manifests: &[Manifest]) -> MethodRouter<App> {
    let document = document(manifests);
    get(move || async move { Json(document) })
}

/// One operation, as the readable page shows it.
#[derive(Clone)]
struct Operation {
    verb: String,
    path: String,
    summary: String,
    /// Names of parameters and, for a body, of its schema.
    takes: String,
    /// Whether it needs a key.
    key: bool,
}

fn operations(document: &Value) -> Vec<Operation> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut found = Vec::new();
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    for (path, methods) in paths {
        for (verb, operation) in methods.as_object().into_iter().flatten() {
            let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
            let takes: Vec<String> =
                parameters.map(|p| text(p.get("name"))).filter(|n| !n.is_empty()).collect();
            found.push(Operation {
                verb: verb.to_ascii_uppercase(),
                path: path.clone(),
                summary: text(operation.get("summary").or(operation.get("description"))),
                takes: takes.join(", "),
                key: operation.get("security").and_then(Value::as_array).is_none_or(|s| !s.is_empty()),
            });
        }
    }
    found
}

#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage {
    chrome: Chrome,
    operations: Vec<Operation>,
}

/// Serves the same for people; wire it at `/api`.
pub fn page(manifests: &[Manifest]) -> MethodRouter<App> {
    let operations = operations(&document(manifests));
    get(move |ctx: Ctx| async move {
        let page = ApiPage { chrome: ctx.chrome("api-title"), operations };
        ctx.page(&page)
    })
}

/// What a slice's routes and its description do not agree on; empty if they do.
pub fn differences(manifest: &Manifest) -> Vec<String> {
    let routes: BTreeSet<String> = (manifest.routes)()
        .iter()
        .filter(|r| r.path.starts_with(PREFIX))
        .map(|r| format!("{} {}", r.verb.as_str(), r.path))
        .collect();
    let part = (manifest.openapi)();
    let described: BTreeSet<String> = part
        .get("paths")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .flat_map(|(path, methods)| {
            methods
                .as_object()
                .into_iter()
                .flatten()
                .map(move |(verb, _)| format!("{} {path}", verb.to_ascii_uppercase()))
        })
        .collect();
    routes.symmetric_difference(&described).cloned().collect()
}

/// References of a part that lead nowhere in it.
pub fn dangling(part: &Value) -> Vec<String> {
    fn walk(value: &Value, whole: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(to)) = map.get("$ref")
                    && to.strip_prefix('#').and_then(|pointer| whole.pointer(pointer)).is_none()
                {
                    found.push(to.clone());
                }
                map.values().for_each(|v| walk(v, whole, found));
            }
            Value::Array(all) => all.iter().for_each(|v| walk(v, whole, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(part, part, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_together_and_gaps_are_seen() {
        let one = Manifest {
            openapi: || json!({ "paths": { "/api/v1/a": { "get": {} } }, "components": { "schemas": { "A": {} } } }),
            ..Manifest::default()
        };
        let two = Manifest {
            openapi: || json!({ "paths": { "/api/v1/a": { "post": { "x": { "$ref": "#/components/schemas/B" } } } } }),
            ..Manifest::default()
        };
        assert_eq!(differences(&one), ["GET /api/v1/a"]);
        assert_eq!(dangling(&(two.openapi)()), ["#/components/schemas/B"]);
        let whole = document(&[one, two]);
        assert!(
            whole["paths"]["/api/v1/a"]["get"].is_object() && whole["paths"]["/api/v1/a"]["post"].is_object()
        );
        assert!(whole["components"]["schemas"]["A"].is_object());
    }
}
