//! One answer in two dresses: XML with its wrappers, JSON without them.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use linli_kernel::{Error, Result};
use linli_web::Locale;
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};
use serde_json::{Number, Value};

/// Which dress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.xml`
    Xml,
    /// `.json`
    Json,
}

impl Format {
    /// By the address's ending; XML where there is none that we know.
    pub fn of_path(path: &str) -> Self {
        let ending = path.split('?').next().and_then(|p| p.rsplit('.').next());
        if ending == Some("json") { Self::Json } else { Self::Xml }
    }

    /// Cuts the ending off the last part of an address.
    pub fn split(file: &str) -> Option<(&str, Self)> {
        let (name, ending) = file.rsplit_once('.')?;
        let format = match ending {
            "xml" => Self::Xml,
            "json" => Self::Json,
            _ => return None,
        };
        Some((name, format)).filter(|(name, _)| !name.is_empty())
    }
}

/// A piece of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// Absent.
    Null,
    /// Text, also every code and id.
    Text(String),
    /// Yes or no.
    Bool(bool),
    /// A coordinate.
    Real(f64),
    /// A place in an order.
    Int(i64),
    /// Several of one kind: the name of each in XML.
    List(&'static str, Vec<Node>),
    /// Named fields in their order.
    Map(Vec<(&'static str, Node)>),
}

impl<T: Into<String>> From<T> for Node {
    fn from(text: T) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Null } else { Self::Text(text) }
    }
}

impl Node {
    /// The text, or absent.
    pub fn maybe(text: Option<impl Into<String>>) -> Self {
        text.map_or(Self::Null, |text| text.into().into())
    }

    /// The number, or absent.
    pub fn real(number: Option<f64>) -> Self {
        number.map_or(Self::Null, Self::Real)
    }

    fn json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Text(text) => text.clone().into(),
            Self::Bool(yes) => (*yes).into(),
            Self::Real(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
            Self::Int(number) => (*number).into(),
            Self::List(_, items) => items.iter().map(Self::json).collect(),
            Self::Map(fields) => fields
                .iter()
                .map(|(name, node)| ((*name).to_owned(), node.json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }

    fn xml(&self, name: &str, out: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        out.write_event(Event::Start(BytesStart::new(name)))?;
        let mut text = |text: &str| out.write_event(Event::Text(BytesText::new(&sound(text))));
        match self {
            Self::Null => {}
            Self::Text(words) => text(words)?,
            Self::Bool(yes) => text(if *yes { "true" } else { "false" })?,
            Self::Real(number) => text(&number.to_string())?,
            Self::Int(number) => text(&number.to_string())?,
            Self::List(item, items) => {
                for node in items {
                    node.xml(item, out)?;
                }
            }
            Self::Map(fields) => {
                for (name, node) in fields {
                    node.xml(name, out)?;
                }
            }
        }
        out.write_event(Event::End(BytesEnd::new(name)))
    }
}

/// Without the characters that XML cannot hold at all.
fn sound(text: &str) -> String {
    text.chars()
        .filter(
            |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..),
        )
        .collect()
}

/// A whole answer.
pub fn answer(status: StatusCode, format: Format, root: &str, node: &Node) -> Result<Response> {
    let (kind, body) = match format {
        Format::Json => {
            ("application/json; charset=utf-8", serde_json::to_vec(&node.json()).map_err(Error::internal)?)
        }
        Format::Xml => {
            let mut out = Writer::new(Vec::new());
            out.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))
                .map_err(Error::internal)?;
            node.xml(root, &mut out).map_err(Error::internal)?;
            ("text/xml; charset=utf-8", out.into_inner())
        }
    };
    let mut response = (status, Body::from(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

/// Why a call did not work, as this interface tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// 400, 403 or 404; 429 and 5xx where we are the reason.
    pub status: StatusCode,
    /// In words.
    pub description: String,
}

impl Fault {
    /// Something is missing or wrong.
    pub fn bad(description: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, description: description.into() }
    }

    /// There is no such thing.
    pub fn absent(description: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, description: description.into() }
    }

    /// The key is missing, wrong, or not for this.
    pub fn key(description: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, description: description.into() }
    }

    /// One of the house's errors, in this interface's statuses.
    pub fn of(error: &Error, locale: &Locale) -> Self {
        let (status, description) = match error {
            Error::Invalid(wrong) => {
                let words: Vec<String> =
                    wrong.iter().map(|w| format!("{}: {}", w.field, locale.field_error(w))).collect();
                (StatusCode::BAD_REQUEST, words.join("; "))
            }
            Error::NotFound => (StatusCode::NOT_FOUND, locale.t("error-not-found")),
            Error::Unauthorised => (StatusCode::FORBIDDEN, "api_key is not valid".to_owned()),
            Error::Forbidden(key) => (StatusCode::FORBIDDEN, locale.t(key)),
            Error::Conflict(key) | Error::TooLarge(key) => (StatusCode::BAD_REQUEST, locale.t(key)),
            Error::TooMany(wait) => (
                StatusCode::TOO_MANY_REQUESTS,
                locale.t_with("error-too-many", &[("seconds", wait.to_string())]),
            ),
            Error::Unavailable(key) => (StatusCode::SERVICE_UNAVAILABLE, locale.t(key)),
            Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, locale.t("error-internal")),
        };
        Self { status, description }
    }

    /// As an answer.
    pub fn answer(&self, format: Format) -> Result<Response> {
        let error = Node::Map(vec![
            ("code", self.status.as_u16().to_string().into()),
            ("description", self.description.clone().into()),
        ]);
        answer(self.status, format, "errors", &Node::List("error", vec![error]))
    }
}

/// Parameters of a call. An empty one counts as absent.
#[derive(Debug, Clone, Default)]
pub struct Fields(pub BTreeMap<String, Vec<String>>);

impl Fields {
    /// From pairs in any order.
    pub fn of(pairs: Vec<(String, String)>) -> Self {
        let mut fields = Self::default();
        for (name, value) in pairs {
            fields.0.entry(name).or_default().push(value);
        }
        fields
    }

    /// One parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.iter().map(|v| v.trim()).find(|v| !v.is_empty())
    }

    /// A list joined by commas.
    pub fn list(&self, name: &str) -> Vec<String> {
        let joined = self.get(name).unwrap_or_default();
        joined.split(',').map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect()
    }

    /// The answers to an attribute, sent as `attribute[CODE]` or `attribute[CODE][]`.
    pub fn attribute(&self, code: &str) -> Vec<String> {
        [format!("attribute[{code}]"), format!("attribute[{code}][]")]
            .iter()
            .filter_map(|name| self.0.get(name))
            .flatten()
            .map(|v| v.trim().to_owned())
            .filter(|v| !v.is_empty())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(node: &Node, format: Format) -> String {
        let response = answer(StatusCode::OK, format, "services", node).unwrap();
        let body = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(axum::body::to_bytes(response.into_body(), 1 << 20))
            .unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[test]
    fn two_dresses_of_one_answer() {
        let service = Node::Map(vec![
            ("service_code", "001".into()),
            ("description", "".into()),
            ("metadata", Node::Bool(false)),
            ("keywords", "a<b & \u{0}c".into()),
        ]);
        let list = Node::List("service", vec![service]);
        assert_eq!(
            body(&list, Format::Json),
            r#"[{"description":null,"keywords":"a<b & \u0000c","metadata":false,"service_code":"001"}]"#
        );
        assert_eq!(
            body(&list, Format::Xml),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><services><service><service_code>001</service_code><description></description>\
             <metadata>false</metadata><keywords>a&lt;b &amp; c</keywords></service></services>"
        );
    }

    #[test]
    fn endings_and_empty_parameters() {
        assert_eq!(Format::split("HC20261123-000001.json"), Some(("HC20261123-000001", Format::Json)));
        assert_eq!(Format::split(".xml"), None);
        assert_eq!(Format::split("a.html"), None);
        let fields = Fields::of(vec![
            ("a".into(), " ".into()),
            ("attribute[X][]".into(), "1".into()),
            ("attribute[X][]".into(), "2".into()),
        ]);
        assert_eq!((fields.get("a"), fields.attribute("X")), (None, vec!["1".to_owned(), "2".to_owned()]));
    }
}
