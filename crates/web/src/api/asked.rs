//! What is asked, read with the house's errors instead of the framework's.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::request::Parts,
};
use linli_kernel::{Error, FieldError, Result};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::Once;
use crate::{App, Ctx, WebError};

/// The longest JSON body.
const BODY: usize = 1024 * 1024;

/// Reads JSON; what is wrong with it is told at its place. An absent body is an empty object.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    if bytes.len() > BODY {
        return Err(Error::TooLarge("error-text-too-large"));
    }
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let found = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
        if matches!(e.inner().classify(), Category::Syntax | Category::Eof) {
            return broken(e.inner());
        }
        let place = e.path().to_string();
        let text = e.inner().to_string();
        // “missing field `text` at line …” names the field between the marks.
        let named = |start: &str| text.strip_prefix(start).and_then(|rest| rest.split('`').next());
        let below = |field: &str| if place == "." { field.to_owned() } else { format!("{place}.{field}") };
        if let Some(field) = named("missing field `") {
            Error::field(below(field), "error-required")
        } else if let Some(field) = named("unknown field `") {
            let place = place.rsplit_once('.').map_or(place.as_str(), |(above, _)| above);
            let place =
                if place == "." || place == field { field.to_owned() } else { format!("{place}.{field}") };
            Error::field(place, "error-field-unknown")
        } else {
            // “.” is the whole, “?” a place that was not reached.
            Error::field(
                if matches!(place.as_str(), "." | "?") { "body".to_owned() } else { place },
                "error-value",
            )
        }
    })?;
    reader.end().map_err(|e| broken(&e))?;
    Ok(found)
}

/// What cannot be read as JSON at all: where it breaks off.
fn broken(error: &serde_json::Error) -> Error {
    let fault = FieldError::new("body", "error-json-broken");
    Error::Invalid(vec![fault.with("line", error.line()).with("column", error.column())])
}

/// A body that says nothing: an empty object, or none.
#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A JSON body and the request's key.
pub struct Asked<T>(pub T, pub Once);

impl<T: DeserializeOwned> FromRequest<App> for Asked<T> {
    type Rejection = WebError;
    async fn from_request(request: Request, app: &App) -> Result<Self, Self::Rejection> {
        let (mut parts, body) = request.into_parts();
        let ctx = <Ctx as FromRequestParts<App>>::from_request_parts(&mut parts, app).await?;
        let headers = parts.headers.clone();
        let bytes = Bytes::from_request(Request::from_parts(parts, body), app)
            .await
            .map_err(|_| Error::TooLarge("error-text-too-large"))?;
        let once = Once::of(&ctx, &headers, &bytes)?;
        Ok(Self(read(&bytes)?, once))
    }
}

/// Parameters behind the question mark.
pub struct Asks<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asks<T> {
    type Rejection = WebError;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let read = Query::<T>::from_request_parts(parts, app).await;
        let Query(found) = read.map_err(|e| Error::Invalid(vec![parameter(&e.body_text())]))?;
        Ok(Self(found))
    }
}

/// Which parameter a refusal of the framework is about.
fn parameter(text: &str) -> FieldError {
    let plain = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
    };
    // “…: unknown field `colour`, expected one of …”, “…: missing field `size`”.
    for (start, key) in [("unknown field `", "error-field-unknown"), ("missing field `", "error-required")] {
        let name = text.split_once(start).and_then(|(_, rest)| rest.split('`').next());
        if let Some(name) = name.filter(|name| plain(name)) {
            return FieldError::new(name, key);
        }
    }
    // “Failed to deserialize query string: size: invalid digit …”.
    let name = text.split(": ").nth(1).unwrap_or_default();
    FieldError::new(if plain(name) { name } else { "query" }, "error-value")
}

/// Parts of the path; what cannot be one is not there.
pub struct At<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for At<T> {
    type Rejection = WebError;
    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let Path(found) = Path::<T>::from_request_parts(parts, app).await.map_err(|_| Error::NotFound)?;
        Ok(Self(found))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only read")]
        name: String,
        #[expect(dead_code, reason = "only read")]
        inner: Inner,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only read")]
        days: u32,
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Wish {
            #[expect(dead_code, reason = "only read")]
            size: u8,
        }
        let fault = |query: &str| {
            let refused = Query::<Wish>::try_from_uri(&format!("/?{query}").parse().unwrap()).unwrap_err();
            let fault = parameter(&refused.body_text());
            (fault.field, fault.key)
        };
        let told = |field: &str, key: &str| (field.to_owned(), key.to_owned());
        assert_eq!(fault("size=1&colour=red"), told("colour", "error-field-unknown"));
        assert_eq!(fault("size=red"), told("size", "error-value"));
        assert_eq!(fault(""), told("size", "error-required"));
    }

    #[test]
    fn what_is_wrong_is_told_at_its_place() {
        let fault = |text: &str| match read::<Outer>(text.as_bytes()) {
            Err(Error::Invalid(fields)) => (fields[0].field.clone(), fields[0].key.clone()),
            other => panic!("{other:?}"),
        };
        let told = |field: &str, key: &str| (field.to_owned(), key.to_owned());
        assert!(read::<Outer>(br#"{"name":"a","inner":{"days":3}}"#).is_ok());
        assert_eq!(fault(""), told("name", "error-required"));
        assert_eq!(fault(r#"{"name":"a","inner":{}}"#), told("inner.days", "error-required"));
        assert_eq!(fault(r#"{"name":"a","inner":{"days":"x"}}"#), told("inner.days", "error-value"));
        assert_eq!(fault(r#"{"nome":"a"}"#), told("nome", "error-field-unknown"));
        assert_eq!(fault(r#"{"name":"a","inner":{"day":1}}"#), told("inner.day", "error-field-unknown"));
        assert_eq!(fault("[]"), told("body", "error-value"));
    }

    #[test]
    fn broken_json_is_told_with_line_and_column() {
        let place = |text: &str| match read::<Outer>(text.as_bytes()) {
            Err(Error::Invalid(fields)) => {
                assert_eq!((fields[0].field.as_str(), fields[0].key.as_str()), ("body", "error-json-broken"));
                fields[0]
                    .args
                    .iter()
                    .map(|(name, value)| format!("{name} {value}"))
                    .collect::<Vec<_>>()
                    .join(" ")
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(place("{"), "line 1 column 1");
        assert_eq!(place("{\n  \"name\": \"a\",\n  \"inner\": { \"days\": 3, }\n}"), "line 3 column 25");
        assert_eq!(place("{\"name\":\"a\",\n\"inner\":{\"days\":3}}\n x"), "line 3 column 2");
        assert_eq!(place("{\"name\": a}"), "line 1 column 10");
    }
}
