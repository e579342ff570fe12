//! A small check of JSON against a JSON schema, for answers of our own interfaces. It knows what our documents
//! and the shared schemas use, and refuses a schema with a word that it does not know, so that nothing is
//! passed over in silence.

use std::collections::BTreeMap;

use serde_json::Value;

/// Words of a schema that say nothing about the value.
const SILENT: &[&str] = &[
    "description",
    "title",
    "default",
    "examples",
    "example",
    "contentMediaType",
    "contentEncoding",
    "$schema",
    "id",
];

/// Schemas by what a `$ref` calls them.
pub type Schemas = BTreeMap<String, Value>;

/// What of `value` the schema does not accept; empty if it does.
pub fn faults(schema: &Value, schemas: &Schemas, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(schema, schemas, value, "$", &mut found);
    found
}

fn is_kind(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn walk(schema: &Value, schemas: &Schemas, value: &Value, place: &str, found: &mut Vec<String>) {
    let Some(words) = schema.as_object() else {
        if schema == &Value::Bool(false) {
            found.push(format!("{place}: nothing may stand here"));
        }
        return;
    };
    for (word, said) in words {
        let mut wrong = |what: String| found.push(format!("{place}: {what}"));
        match word.as_str() {
            "$ref" => match said.as_str().and_then(|name| schemas.get(name)) {
                Some(other) => walk(other, schemas, value, place, found),
                None => wrong(format!("no schema {said}")),
            },
            "type" => {
                let kinds: Vec<&str> = said.as_str().map_or_else(
                    || said.as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
                    |kind| vec![kind],
                );
                if !kinds.iter().any(|kind| is_kind(kind, value)) {
                    wrong(format!("is no {}: {value}", kinds.join(" or ")));
                }
            }
            "enum" => {
                if !said.as_array().is_some_and(|all| all.contains(value)) {
                    wrong(format!("{value} is none of {said}"));
                }
            }
            "anyOf" => {
                let fits = |one: &Value| faults(one, schemas, value).is_empty();
                if !said.as_array().is_some_and(|all| all.iter().any(fits)) {
                    wrong(format!("fits nothing of anyOf: {value}"));
                }
            }
            "required" => {
                for name in said.as_array().into_iter().flatten().filter_map(Value::as_str) {
                    if value.is_object() && value.get(name).is_none() {
                        wrong(format!("{name} is missing"));
                    }
                }
            }
            "properties" => {
                for (name, one) in said.as_object().into_iter().flatten() {
                    if let Some(part) = value.get(name) {
                        walk(one, schemas, part, &format!("{place}.{name}"), found);
                    }
                }
            }
            "additionalProperties" => {
                let known = words.get("properties").and_then(Value::as_object);
                for (name, part) in value.as_object().into_iter().flatten() {
                    if known.is_none_or(|known| !known.contains_key(name)) {
                        walk(said, schemas, part, &format!("{place}.{name}"), found);
                    }
                }
            }
            "items" => {
                for (n, part) in value.as_array().into_iter().flatten().enumerate() {
                    walk(said, schemas, part, &format!("{place}[{n}]"), found);
                }
            }
            _ => found.extend(measure(word, said, value).into_iter().map(|what| format!("{place}: {what}"))),
        }
    }
}

/// Lengths, bounds and formats.
fn measure(word: &str, said: &Value, value: &Value) -> Option<String> {
    let length = value.as_str().map(|text| text.chars().count());
    let count = value.as_array().map(Vec::len);
    let bound = said.as_u64().and_then(|n| usize::try_from(n).ok());
    let wrong = match (word, bound) {
        ("maxLength", Some(most)) => length.is_some_and(|n| n > most),
        ("minLength", Some(least)) => length.is_some_and(|n| n < least),
        ("maxItems", Some(most)) => count.is_some_and(|n| n > most),
        ("minItems", Some(least)) => count.is_some_and(|n| n < least),
        ("uniqueItems", _) => false,
        ("minimum", _) => value.as_f64().zip(said.as_f64()).is_some_and(|(n, least)| n < least),
        ("maximum", _) => value.as_f64().zip(said.as_f64()).is_some_and(|(n, most)| n > most),
        ("format", _) => value.as_str().is_some_and(|text| !has_format(said, text)),
        ("pattern", _) => value.as_str().is_some_and(|text| !has_pattern(said, text)),
        (word, _) if SILENT.contains(&word) => false,
        _ => return Some(format!("the schema says {word}, which this check does not know")),
    };
    wrong.then(|| format!("{word} {said} does not hold for {value}"))
}

fn has_format(format: &Value, text: &str) -> bool {
    let digits = |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    let is_day = |text: &str| {
        let parts: Vec<&str> = text.split('-').collect();
        parts.len() == 3 && digits(parts[0], 4) && digits(parts[1], 2) && digits(parts[2], 2)
    };
    match format.as_str() {
        Some("date") => is_day(text),
        Some("date-time") => text.split_once('T').is_some_and(|(day, time)| {
            let zone =
                time.ends_with('Z') || time.rfind(['+', '-']).is_some_and(|n| time[n + 1..].len() == 5);
            is_day(day) && time.get(2..3) == Some(":") && time.get(5..6) == Some(":") && zone
        }),
        Some("uuid") => {
            let lengths: Vec<usize> = text.split('-').map(str::len).collect();
            lengths == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
        }
        Some("uri") => text.contains("://") && !text.contains(char::is_whitespace),
        _ => false,
    }
}

/// The two patterns that our documents use.
fn has_pattern(pattern: &Value, text: &str) -> bool {
    match pattern.as_str() {
        Some("^([0-9]{6}|[0-9]{9}|[0-9]{12}|[0-9]{15})$") => {
            matches!(text.len(), 6 | 9 | 12 | 15) && text.bytes().all(|b| b.is_ascii_digit())
        }
        Some("^[A-Za-z0-9._:-]+$") => {
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_fit_is_told_at_its_place() {
        let schema = json!({
            "type": "object", "required": ["id", "at"], "additionalProperties": false,
            "properties": {
                "id": { "type": "string", "format": "uuid" },
                "at": { "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "null" }] },
                "list": { "type": "array", "items": { "$ref": "Word" } },
            },
        });
        let schemas = Schemas::from([("Word".to_owned(), json!({ "type": "string", "enum": ["a", "b"] }))]);
        let id = "01890000-0000-7000-8000-000000000000";
        let good = json!({ "id": id, "at": "2026-11-23T09:00:00+08:00", "list": ["a", "b"] });
        assert_eq!(faults(&schema, &schemas, &good), Vec::<String>::new());
        for (bad, place) in [
            (json!({ "id": id }), "$: at is missing"),
            (json!({ "id": "x", "at": null }), "$.id: format"),
            (json!({ "id": id, "at": "2026-11-23 09:00" }), "$.at: fits nothing"),
            (json!({ "id": id, "at": null, "list": ["c"] }), "$.list[0]: \"c\" is none"),
            (json!({ "id": id, "at": null, "more": 1 }), "$.more: nothing may stand"),
            (json!([]), "$: is no object"),
        ] {
            let told = faults(&schema, &schemas, &bad);
            assert!(told.iter().any(|t| t.starts_with(place)), "{told:?} for {place}");
        }
        assert!(
            !faults(&json!({ "oneOf": [] }), &schemas, &json!(1)).is_empty(),
            "an unknown word is no pass"
        );
    }
}
