//! `Idempotency-Key`: the same request sent twice changes nothing the second time and answers the same.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use linli_kernel::{Actor, Error, Result, hex};
use linli_store::{
    Op,
    idempotency::{self, Claim},
};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::Ctx;

/// A request that is done once under its key; without a key it is simply done.
#[derive(Debug)]
pub struct Once {
    key: Option<String>,
    fingerprint: String,
}

fn answer(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

impl Once {
    /// Reads the key of a request; `body` is what was sent, or its digest.
    pub fn of(ctx: &Ctx, headers: &HeaderMap, body: &[u8]) -> Result<Self> {
        let mut hash = Sha256::new();
        for part in [ctx.path.as_bytes(), body] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let fingerprint = hex(hash.finalize());
        let Some(given) = headers.get("idempotency-key") else { return Ok(Self { key: None, fingerprint }) };
        let bad = || Error::field("Idempotency-Key", "error-idempotency-key");
        let given = given.to_str().map_err(|_| bad())?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
        if !(1..=100).contains(&given.len()) || !given.bytes().all(plain) {
            return Err(bad());
        }
        Ok(Self { key: Some(given.to_owned()), fingerprint })
    }

    /// Claims the key in the use case's own transaction; answers what was answered before, if it was done.
    pub async fn before(&mut self, op: &mut Op) -> Result<Option<Response>> {
        self.before_with(op, |_| Ok(())).await
    }

    /// As [`Once::before`]; `complete` puts back in what [`Once::done_with`] did not keep.
    pub async fn before_with(
        &mut self,
        op: &mut Op,
        complete: impl FnOnce(&mut Value) -> Result<()>,
    ) -> Result<Option<Response>> {
        let Some(given) = &self.key else { return Ok(None) };
        // Two systems may choose the same key.
        let who = match &op.actor {
            Actor::Account { id, .. } => id.to_string(),
            Actor::Client { id, .. } => id.to_string(),
            Actor::Public | Actor::System => op.actor.name().to_owned(),
        };
        let key = format!("api:{who}:{given}");
        let now = op.now;
        match idempotency::claim(&mut op.tx, &key, &self.fingerprint, now).await? {
            Claim::New => {
                self.key = Some(key);
                Ok(None)
            }
            Claim::Done { status, answer: text } => {
                let mut told: Value = serde_json::from_str(&text).map_err(Error::internal)?;
                complete(&mut told)?;
                let text = told.to_string();
                let mut response = answer(StatusCode::from_u16(status).map_err(Error::internal)?, text);
                response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
                Ok(Some(response))
            }
        }
    }

    /// Notes the answer for repeats, makes the change durable, and gives the answer.
    pub async fn done(self, mut op: Op, status: StatusCode, told: &Value) -> Result<Response> {
        let text = told.to_string();
        if let Some(key) = self.key {
            idempotency::keep(&mut op.tx, &key, status.as_u16(), &text).await?;
        }
        op.commit().await?;
        Ok(answer(status, text))
    }

    /// As [`Once::done`] for an answer with a secret that can be made again: it is not kept, `complete` puts it in.
    pub async fn done_with(
        self,
        mut op: Op,
        status: StatusCode,
        kept: Value,
        complete: impl FnOnce(&mut Value) -> Result<()>,
    ) -> Result<Response> {
        if let Some(key) = self.key {
            idempotency::keep(&mut op.tx, &key, status.as_u16(), &kept.to_string()).await?;
        }
        op.commit().await?;
        let mut told = kept;
        complete(&mut told)?;
        Ok(answer(status, told.to_string()))
    }

    /// As [`Once::done`] for an answer with a secret that nobody can make again: a repeat hears that it was done, and not the secret.
    pub async fn done_in_secret(
        self,
        mut op: Op,
        status: StatusCode,
        told: &Value,
        secret: (&str, &str),
    ) -> Result<Response> {
        let mut whole = told.clone();
        whole[secret.0] = Value::from(secret.1);
        let mut kept = told.clone();
        kept[secret.0] = Value::Null;
        if let Some(key) = self.key {
            idempotency::keep(&mut op.tx, &key, status.as_u16(), &kept.to_string()).await?;
        }
        op.commit().await?;
        Ok(answer(status, whole.to_string()))
    }
}
