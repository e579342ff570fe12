//! `Idempotency-Key`: the same request sent twice changes nothing the second time and answers the same.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use linli_kernel::{Actor, Error, Result};
use linli_store::{
    Op,
    idempotency::{self, Claim},
};
use linli_web::Ctx;
use sha2::{Digest, Sha256};

/// Whether the request was done before.
pub(super) enum Claimed {
    /// It was; this was its answer.
    Before(Response),
    /// It is new.
    Now(Once),
}

/// Keeps the answer of a request that has a key.
pub(super) struct Once(Option<String>);

/// Claims the request's key in the use case's own transaction.
pub(super) async fn claim(
    op: &mut Op,
    ctx: &Ctx,
    method: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Claimed> {
    let Some(given) = headers.get("idempotency-key") else { return Ok(Claimed::Now(Once(None))) };
    let bad = || Error::field("Idempotency-Key", "case-key-bad");
    let given = given.to_str().map_err(|_| bad())?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
    if !(1..=100).contains(&given.len()) || !given.bytes().all(plain) {
        return Err(bad());
    }
    // Two systems may choose the same key.
    let who = match &op.actor {
        Actor::Account { id, .. } => id.to_string(),
        Actor::Client { id, .. } => id.to_string(),
        Actor::Public | Actor::System => op.actor.name().to_owned(),
    };
    let key = format!("api:{who}:{given}");
    let mut hash = Sha256::new();
    for part in [method.as_bytes(), ctx.path.as_bytes(), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let fingerprint = hash.finalize().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    let now = op.now;
    Ok(match idempotency::claim(&mut op.tx, &key, &fingerprint, now).await? {
        Claim::New => Claimed::Now(Once(Some(key))),
        Claim::Done { status, answer } => {
            let status = StatusCode::from_u16(status).map_err(Error::internal)?;
            let mut response = json(status, answer);
            response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
            Claimed::Before(response)
        }
    })
}

fn json(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

impl Once {
    /// Notes the answer for repeats, and gives it.
    pub(super) async fn keep(
        self,
        op: &mut Op,
        status: StatusCode,
        answer: &serde_json::Value,
    ) -> Result<Response> {
        let text = answer.to_string();
        if let Some(key) = self.0 {
            idempotency::keep(&mut op.tx, &key, status.as_u16(), &text).await?;
        }
        Ok(json(status, text))
    }
}
