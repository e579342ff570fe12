//! Schemas of bodies and answers, as short as the things that they describe.

use linli_kernel::Error;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// A text.
pub fn text() -> Value {
    json!({ "type": "string" })
}

/// A text of at most `most` characters.
pub fn short(most: usize) -> Value {
    json!({ "type": "string", "maxLength": most })
}

/// An id.
pub fn id() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

/// A moment.
pub fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

/// A day.
pub fn day() -> Value {
    json!({ "type": "string", "format": "date" })
}

/// A whole number.
pub fn int() -> Value {
    json!({ "type": "integer" })
}

/// A number.
pub fn number() -> Value {
    json!({ "type": "number" })
}

/// Yes or no.
pub fn flag() -> Value {
    json!({ "type": "boolean" })
}

/// An area code.
pub fn area() -> Value {
    json!({ "type": "string", "pattern": "^([0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})$" })
}

/// One of these words.
pub fn words<T: Serialize>(all: &[T]) -> Value {
    json!({ "type": "string", "enum": all })
}

/// Anything that is an object.
pub fn any() -> Value {
    json!({ "type": "object" })
}

/// The schema under this name.
pub fn named(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Or absent.
pub fn maybe(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

/// Several.
pub fn list(schema: Value) -> Value {
    json!({ "type": "array", "items": schema })
}

/// A page of a list.
pub fn page(schema: Value) -> Value {
    object([("items", list(schema)), ("next", maybe(text()))])
}

/// An object of exactly these fields; a name that ends in `?` may be left out.
pub fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, schema) in fields {
        let name = if let Some(name) = name.strip_suffix('?') {
            name
        } else {
            required.push(name);
            name
        };
        properties.insert(name.to_owned(), schema);
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// The schema of a form whose fields are all texts and may all be left out.
pub fn form<T: Default + Serialize>() -> Value {
    let empty = serde_json::to_value(T::default()).map_err(Error::internal).unwrap_or_default();
    let names = empty.as_object().into_iter().flat_map(Map::keys);
    let properties: Map<String, Value> = names.map(|name| (name.clone(), text())).collect();
    json!({ "type": "object", "properties": properties })
}

/// What every refusal looks like (RFC 9457).
pub fn problem() -> Value {
    json!({
        "type": "object", "required": ["type", "title", "status"],
        "properties": {
            "type": text(), "title": text(), "status": int(), "instance": text(),
            "errors": list(object([("field", text()), ("code", text()), ("message", text())])),
        },
    })
}
