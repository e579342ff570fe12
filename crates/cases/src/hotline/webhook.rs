//! Webhooks (回传): when a case of another system moves, that system hears of it, signed, at least once, and
//! under a stable id by which it can show the news once.

use linli_access::{Access, Authorise, Purpose, Target};
use linli_kernel::{Cursor, Error, FieldError, Page, Result, Timestamp, error::Check, hex, params};
use linli_store::{Conn, Entry, Op, Where};
use linli_web::outward::Reach;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::deliver;
use crate::model::Source;

linli_kernel::typed_id! {
    /// One address that is told.
    WebhookId;
    /// One message to it.
    DeliveryId
}

/// The sources whose cases can be told: those with a number of another system.
pub const SOURCES: [Source; 2] = [Source::Hotline, Source::Open311];

/// An address that is told.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// The receiving system.
    pub name: String,
    /// Where to.
    pub url: String,
    /// Cases of which sources, as JSON.
    #[serde(skip)]
    pub sources: String,
    /// Whether it is told.
    pub active: bool,
    /// Who made it.
    pub created_by: String,
    /// Since when.
    pub created_at: Timestamp,
}

impl Webhook {
    /// Cases of which sources.
    pub fn sources(&self) -> Vec<Source> {
        serde_json::from_str(&self.sources).unwrap_or_default()
    }
}

/// One message to an address.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Delivery {
    /// Its stable id.
    pub id: DeliveryId,
    /// What was or will be sent. Who looks after addresses may not read cases, so nobody is shown it.
    #[serde(skip)]
    pub body: String,
    /// Since when it is owed.
    pub created_at: Timestamp,
    /// Tries so far.
    pub attempts: i64,
    /// The last try.
    pub last_at: Option<Timestamp>,
    /// The receiver's last answer.
    pub status: Option<i64>,
    /// What went wrong.
    pub error: Option<String>,
    /// The receiver has it since.
    pub delivered_at: Option<Timestamp>,
    /// Given up since.
    pub failed_at: Option<Timestamp>,
}

/// The columns of a [`Delivery`].
const DELIVERY: &str = "id, body, created_at, attempts, last_at, status, error, delivered_at, failed_at";

/// What is chosen for a new address.
#[derive(Debug, Clone, Default)]
pub struct NewWebhook {
    /// The receiving system.
    pub name: String,
    /// Where to.
    pub url: String,
    /// Cases of which sources.
    pub sources: Vec<Source>,
}

/// The place in the database that a secret belongs to.
pub(super) fn place(id: WebhookId) -> String {
    format!("webhook/{id}/secret")
}

/// Makes an address and answers its secret, which is shown once. The caller commits.
pub async fn create(op: &mut Op, new: NewWebhook) -> Result<(WebhookId, String)> {
    op.permit("webhook.manage", &Target::at(&op.district.area))?;
    let mut check = Check::new();
    let name = check.text("name", &new.name, 60);
    let url = check.text("url", &new.url, 500);
    if !url.is_empty() && !op.district.port::<Reach>()?.allows_url(&url) {
        check.push(FieldError::new("url", "webhook-url-bad"));
    }
    check.require(!new.sources.is_empty(), "sources", "error-required");
    check.require(new.sources.iter().all(|s| SOURCES.contains(s)), "sources", "error-required");
    check.done()?;
    let id = WebhookId(op.uuid());
    let secret = hex(op.district.ids.bytes::<32>());
    let sealed =
        op.district.port::<Access>()?.keyring.seal(Purpose::Partner, &place(id), secret.as_bytes())?;
    let author = op.actor.name().to_owned();
    op.tx
        .execute(
            "INSERT INTO webhook (id, name, url, secret, sources, active, created_by, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
            params![id, &name, &url, sealed, json!(new.sources), true, author, op.now],
        )
        .await?;
    log(op, "webhook.create", id, json!({ "name": name, "url": url, "sources": new.sources })).await?;
    Ok((id, secret))
}

/// Stops or resumes an address; what happened meanwhile is told then. The caller commits.
pub async fn set_active(op: &mut Op, id: WebhookId, active: bool) -> Result<()> {
    op.permit("webhook.manage", &Target::at(&op.district.area))?;
    let changed = op
        .tx
        .execute("UPDATE webhook SET active = $2, updated_at = $3 WHERE id = $1", params![id, active, op.now])
        .await?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    if active {
        deliver::owe_pending(op, id).await?;
    }
    log(op, "webhook.set_active", id, json!({ "active": active })).await
}

/// Sends a message again that was given up. The caller commits.
pub async fn resend(op: &mut Op, id: DeliveryId) -> Result<WebhookId> {
    op.permit("webhook.manage", &Target::at(&op.district.area))?;
    let (webhook, delivered): (WebhookId, Option<Timestamp>) =
        op.tx.one("SELECT webhook_id, delivered_at FROM webhook_delivery WHERE id = $1", params![id]).await?;
    if delivered.is_some() {
        return Err(Error::Conflict("webhook-delivered-already"));
    }
    op.tx.execute("UPDATE webhook_delivery SET failed_at = NULL WHERE id = $1", params![id]).await?;
    log(op, "webhook.resend", webhook, json!({ "delivery": id })).await?;
    deliver::owe(op, id).await?;
    Ok(webhook)
}

/// All addresses.
pub async fn list(conn: &mut Conn) -> Result<Vec<Webhook>> {
    conn.all(
        "SELECT id, name, url, sources, active, created_by, created_at FROM webhook ORDER BY name, id LIMIT 200",
        vec![],
    )
    .await
}

/// One address.
pub async fn get(conn: &mut Conn, id: WebhookId) -> Result<Webhook> {
    conn.one(
        "SELECT id, name, url, sources, active, created_by, created_at FROM webhook WHERE id = $1",
        params![id],
    )
    .await
}

/// Messages to an address, newest first.
pub async fn deliveries(
    conn: &mut Conn,
    webhook: WebhookId,
    after: Option<Cursor>,
    size: usize,
) -> Result<Page<Delivery>> {
    let mut rows = Where::new();
    rows.and("webhook_id = ?", vec![webhook.into()]).before("created_at", "id", after);
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT {DELIVERY} FROM webhook_delivery{} ORDER BY created_at DESC, id DESC LIMIT {limit}",
        rows.text()
    );
    let found: Vec<Delivery> = conn.all(&sql, rows.args()).await?;
    Ok(Page::cut(found, size, |d| Cursor { key: d.created_at.millis(), id: d.id.0 }))
}

async fn log(op: &mut Op, action: &'static str, id: WebhookId, detail: serde_json::Value) -> Result<()> {
    let area = op.district.area.clone();
    op.log(Entry { action, subject: "webhook", subject_id: Uuid::to_string(&id.0), area, detail }).await
}
