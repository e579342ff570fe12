//! Carrying news to webhooks through the outbox: retried until the receiver has it, refused for good when
//! the receiver says so.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use linli_access::{Access, Purpose};
use linli_grid::AtlasPort;
use linli_kernel::{Error, Result, Timestamp, params};
use linli_store::{
    District, Op,
    outbox::{MAX_ATTEMPTS, Task},
    worker::{Handler, Handlers, PERMANENT, Work},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Sha256;

use super::{
    sheets,
    webhook::{self, DeliveryId, WebhookId},
};
use crate::{
    events::{CHANGED, CaseChanged},
    model::Source,
};

/// The outbox kind of one message to a webhook.
pub const DELIVER: &str = "webhook.deliver";
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Serialize, Deserialize)]
struct Owed {
    delivery: DeliveryId,
}

pub(super) async fn owe(op: &mut Op, delivery: DeliveryId) -> Result<()> {
    op.emit(DELIVER, &Owed { delivery }).await
}

/// `v1=` and the hexadecimal HMAC-SHA256 of `timestamp.body` under the shared secret.
pub fn signature(secret: &[u8], timestamp: i64, body: &str) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(|e| Error::internal(e.to_string()))?;
    mac.update(format!("{timestamp}.{body}").as_bytes());
    let bytes = mac.finalize().into_bytes();
    Ok(bytes.iter().fold("v1=".to_owned(), |hex, byte| format!("{hex}{byte:02x}")))
}

/// Notes for each webhook what it has to hear of a change; in one transaction with the task's end, so once.
async fn note(op: &mut Op, task: &Task) -> Result<()> {
    let changed: CaseChanged = serde_json::from_str(&task.payload).map_err(Error::internal)?;
    // A task inside a case is nobody's business outside. Who has no number of their own knows ours.
    let found: Option<(Source, String, i64)> = op
        .tx
        .optional(
            "SELECT source, coalesce(external, number), entries FROM case_file WHERE id = $1 AND parent IS NULL",
            params![changed.case],
        )
        .await?;
    let Some((source, external, sequence)) = found else { return Ok(()) };
    let hooks = webhook::list(&mut op.tx).await?;
    for hook in hooks.iter().filter(|h| h.active && h.sources().contains(&source)) {
        let answer = sheets::answer(&mut op.tx, changed.case).await?;
        let atlas = op.district.port::<AtlasPort>()?.get();
        let id = DeliveryId(op.uuid());
        let body = json!({
            "id": id,
            "event": "case.changed",
            // Later news has a larger one: what comes late is not taken for new.
            "sequence": sequence,
            "source": source,
            "number": external,
            "case": answer.number,
            "state": answer.state,
            "state_words": sheets::state_words_zh(answer.state),
            "lead": atlas.org_name(answer.lead),
            "reply": answer.reply(),
            "updated_at": answer.updated_at,
            "ended_at": answer.ended_at,
        });
        op.tx
            .execute(
                "INSERT INTO webhook_delivery (id, webhook_id, case_id, body, created_at) VALUES ($1, $2, $3, $4, $5)",
                params![id, hook.id, changed.case, body, op.now],
            )
            .await?;
        owe(op, id).await?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Message {
    webhook_id: WebhookId,
    body: String,
    delivered_at: Option<Timestamp>,
    url: String,
    secret: Vec<u8>,
    active: bool,
}

fn client() -> Result<&'static reqwest::Client> {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client);
    }
    // Another part of the process may have chosen the same provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .connect_timeout(Duration::from_secs(5))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent("linli")
        .build()
        .map_err(Error::internal)?;
    Ok(CLIENT.get_or_init(|| client))
}

/// What came of one try.
enum Outcome {
    Delivered(u16),
    Refused(u16),
    Later(Option<u16>, String),
}

async fn send(message: &Message, id: DeliveryId, secret: &[u8], now: Timestamp) -> Result<Outcome> {
    let seconds = now.millis() / 1000;
    let answer = client()?
        .post(&message.url)
        .header("content-type", "application/json; charset=utf-8")
        .header("x-linli-delivery", id.to_string())
        .header("x-linli-timestamp", seconds.to_string())
        .header("x-linli-signature", signature(secret, seconds, &message.body)?)
        .body(message.body.clone())
        .send()
        .await;
    Ok(match answer {
        Ok(answer) => {
            let status = answer.status();
            let code = status.as_u16();
            if status.is_success() {
                Outcome::Delivered(code)
            } else if status.is_client_error() && !matches!(code, 408 | 425 | 429) {
                Outcome::Refused(code)
            } else {
                Outcome::Later(Some(code), format!("HTTP {code}"))
            }
        }
        // Without the address, which may hold a key in its path.
        Err(error) => Outcome::Later(None, error.without_url().to_string()),
    })
}

async fn carry(district: Arc<District>, task: Task) -> Result<()> {
    let owed: Owed = serde_json::from_str(&task.payload).map_err(Error::internal)?;
    let found: Option<Message> = district
        .db
        .read()
        .await?
        .optional(
            "SELECT d.webhook_id, d.body, d.delivered_at, w.url, w.secret, w.active
             FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id WHERE d.id = $1",
            params![owed.delivery],
        )
        .await?;
    let Some(message) = found.filter(|m| m.delivered_at.is_none()) else { return Ok(()) };
    let outcome = if message.active {
        let place = webhook::place(message.webhook_id);
        let secret = district.port::<Access>()?.keyring.open(Purpose::Partner, &place, &message.secret)?;
        send(&message, owed.delivery, &secret, district.clock.now()).await?
    } else {
        Outcome::Later(None, "stopped".to_owned())
    };
    let now = district.clock.now();
    let (status, error, delivered, failed, result) = match outcome {
        Outcome::Delivered(code) => (Some(code), None, Some(now), None, Ok(())),
        Outcome::Refused(code) => {
            (Some(code), Some(format!("HTTP {code}")), None, Some(now), Err(Error::Conflict(PERMANENT)))
        }
        Outcome::Later(code, error) => {
            let last = (task.attempts >= MAX_ATTEMPTS).then_some(now);
            (code, Some(error), None, last, Err(Error::Unavailable("error-busy")))
        }
    };
    let mut tx = district.db.begin().await?;
    tx.execute(
        "UPDATE webhook_delivery SET attempts = attempts + 1, last_at = $2, status = $3, error = $4, delivered_at = $5,
             failed_at = $6 WHERE id = $1",
        params![owed.delivery, now, status.map(u32::from), error, delivered, failed],
    )
    .await?;
    tx.commit().await?;
    result
}

fn noted<'a>(op: &'a mut Op, task: &'a Task) -> Work<'a> {
    Box::pin(note(op, task))
}

fn carried(district: Arc<District>, task: Task) -> Work<'static> {
    Box::pin(carry(district, task))
}

pub(super) fn handlers() -> Handlers {
    Handlers::from([(CHANGED, Handler::Inside(noted)), (DELIVER, Handler::Outside(carried))])
}
