//! Calls of the interfaces, by a person's session or by another system's key.

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::house::House;

/// Where the only district of a house answers.
pub(crate) const HOST: &str = "a.example";

/// Who calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller {
    pub(crate) name: String,
    cookie: String,
    key: String,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) kind: String,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.text()))
    }
}

impl Caller {
    /// Nobody.
    pub(crate) fn nobody() -> Self {
        Self { name: "nobody".into(), ..Self::default() }
    }

    /// Another system.
    pub(crate) fn key(name: &str, key: &str) -> Self {
        Self { name: name.into(), key: key.into(), ..Self::default() }
    }

    /// Somebody of the demo.
    pub(crate) async fn person(house: &House, login: &str) -> Self {
        let browser = house.as_(HOST, login).await;
        let pairs: Vec<String> = browser.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
        Self { name: login.into(), cookie: pairs.join("; "), ..Self::default() }
    }

    pub(crate) async fn send(
        &self,
        house: &House,
        method: &str,
        path: &str,
        kind: &str,
        body: Vec<u8>,
        more: &[(&str, &str)],
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, HOST);
        if !kind.is_empty() {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        if !self.cookie.is_empty() {
            request = request.header(header::COOKIE, &self.cookie);
        }
        if !self.key.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.key));
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let response = house.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let kind = head.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        Reply {
            status: head.status,
            kind: kind.to_owned(),
            bytes: body.collect().await.unwrap().to_bytes().to_vec(),
            headers: head.headers,
        }
    }

    pub(crate) async fn get(&self, house: &House, path: &str) -> Reply {
        self.send(house, "GET", path, "", Vec::new(), &[]).await
    }

    pub(crate) async fn post(&self, house: &House, path: &str, body: &Value) -> Reply {
        self.send(house, "POST", path, "application/json", body.to_string().into_bytes(), &[]).await
    }
}

/// A key of another system, made by the security officer over the interface.
pub(crate) async fn made_key(house: &House, officer: &Caller, scopes: &[&str], area: &str) -> String {
    let body = json!({
        "name": "系统", "scopes": scopes, "area": area, "expires_at": "2027-06-01T00:00:00+08:00",
    });
    let made = officer.post(house, "/api/v1/api-keys", &body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    made.json()["key"].as_str().unwrap().to_owned()
}
