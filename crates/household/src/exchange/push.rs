//! News to peers by signed webhooks: the same pages that a peer could fetch, sent as soon as they are there.
//!
//! An agreement remembers how far its peer was told; a page is sent under one id until the peer has it, and only
//! then the next, so each person's news arrive in their order. A peer that is away finds the feed's last word of
//! each thing when it comes back, not every word between. Nothing of what is sent lies in the database twice: a
//! repeat is made anew from the same stretch of the feed, without what has moved on since, which comes later.

use std::{sync::Arc, time::Duration};

use linli_access::{Access, Purpose};
use linli_kernel::{Cursor, Error, Page, Result, Timestamp, params};
use linli_store::{
    Conn, District, Where,
    outbox::Task,
    worker::{Handler, Handlers, Work},
};
use linli_web::outward::{self, Answer, Letter, Reach};
use serde_json::json;

use super::{
    Agreement, AgreementId,
    agreement::{self, note, pause},
    feed,
    view::{self, Told},
};
use crate::events::CHANGED;

/// The outbox kind that looks whether a peer has to be told something.
pub const PUSH: &str = "exchange.push";

linli_kernel::typed_id! {
    /// One message to a peer.
    DeliveryId
}

/// Changes of one message.
const PAGE: usize = 100;
/// Messages to one peer before others have their turn.
const TURN: usize = 20;
/// Longer than a peer may take to answer: nobody else sends to it meanwhile.
const LEASE: Duration = Duration::from_mins(1);

/// A message as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Delivery {
    /// Its id, on every try the same.
    pub id: DeliveryId,
    /// The stretch of the feed: from here on.
    pub from_seq: i64,
    /// Until here.
    pub to_seq: i64,
    /// Changes in it.
    pub changes: i64,
    /// Since when it is owed.
    pub created_at: Timestamp,
    /// Tries so far.
    pub attempts: i64,
    /// The last one.
    pub last_at: Option<Timestamp>,
    /// The peer's last answer.
    pub status: Option<i64>,
    /// What went wrong.
    pub error: Option<String>,
    /// The peer has it since.
    pub delivered_at: Option<Timestamp>,
}

const DELIVERY: &str =
    "id, from_seq, to_seq, changes, created_at, attempts, last_at, status, error, delivered_at";

/// Messages to a peer, newest first.
pub async fn deliveries(
    conn: &mut Conn,
    id: AgreementId,
    after: Option<Cursor>,
    size: usize,
) -> Result<Page<Delivery>> {
    let mut rows = Where::new();
    rows.and("agreement_id = ?", vec![id.into()]).before("created_at", "id", after);
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT {DELIVERY} FROM exchange_delivery{} ORDER BY created_at DESC, id DESC LIMIT {limit}",
        rows.text()
    );
    let found: Vec<Delivery> = conn.all(&sql, rows.args()).await?;
    Ok(Page::cut(found, size, |d| Cursor { key: d.created_at.millis(), id: d.id.0 }))
}

/// Looks after every peer that has not heard of everything: side by side, so that none waits for another.
async fn push(district: Arc<District>) -> Result<()> {
    let now = district.clock.now();
    let mut conn = district.db.read().await?;
    let last = feed::last(&mut conn).await?;
    let due: Vec<(AgreementId,)> = conn
        .all(
            "SELECT id FROM exchange_agreement WHERE url IS NOT NULL AND stopped_at IS NULL AND ended_at IS NULL
                 AND starts_at <= $1 AND ends_at > $1 AND (retry_at IS NULL OR retry_at <= $1)
                 AND (cursor < $2 OR scanned < $2)",
            params![now, last],
        )
        .await?;
    drop(conn);
    let mut running = tokio::task::JoinSet::new();
    for (id,) in due {
        running.spawn(tell(district.clone(), id));
    }
    let mut outcome = Ok(());
    while let Some(ended) = running.join_next().await {
        outcome = outcome.and(ended.map_err(Error::internal)?);
    }
    outcome
}

/// Sends page after page to one peer.
async fn tell(district: Arc<District>, id: AgreementId) -> Result<()> {
    while look(&district, id).await? {}
    for _ in 0..TURN {
        match claim(&district, id).await? {
            Claim::Nothing => return Ok(()),
            Claim::Page(agreement, secret, delivery) => {
                if !send(&district, &agreement, &secret, &delivery).await? {
                    return Ok(());
                }
            }
        }
    }
    let mut op = district.op("exchange").await?;
    op.emit(PUSH, &()).await?;
    op.commit().await
}

/// Brings the peer's own feed one step on: also before anything is to be sent, so that of what was there when the
/// agreement was concluded later changes can be told apart.
async fn look(district: &Arc<District>, id: AgreementId) -> Result<bool> {
    let mut op = district.op("exchange").await?;
    let agreement = agreement::get(&mut op.tx, id).await?;
    let more = feed::advance(&mut op, &agreement).await?;
    op.commit().await?;
    Ok(more)
}

enum Claim {
    /// The peer has heard of everything, or somebody else is telling it.
    Nothing,
    Page(Box<Agreement>, Vec<u8>, Delivery),
}

/// Takes the lease of an agreement and notes what is sent next, unless the last message is still under way.
async fn claim(district: &Arc<District>, id: AgreementId) -> Result<Claim> {
    let mut op = district.op("exchange").await?;
    let taken: Option<(Option<Vec<u8>>,)> = op
        .tx
        .optional(
            "UPDATE exchange_agreement SET push_lease = $2 WHERE id = $1 AND push_lease <= $3 AND stopped_at IS NULL
                 AND (retry_at IS NULL OR retry_at <= $3) RETURNING secret",
            params![id, op.now.plus(LEASE), op.now],
        )
        .await?;
    let Some((Some(secret),)) = taken else {
        // Whoever is telling it may have looked for the last time before our change: look again.
        let once = format!("{PUSH}:{id}:{}", op.now.millis() / 1000);
        op.emit_later(PUSH, &once, &(), Duration::from_secs(1)).await?;
        op.commit().await?;
        return Ok(Claim::Nothing);
    };
    let agreement = agreement::get(&mut op.tx, id).await?;
    let sql = format!(
        "SELECT {DELIVERY} FROM exchange_delivery WHERE agreement_id = $1 AND delivered_at IS NULL ORDER BY from_seq LIMIT 1"
    );
    let open: Option<Delivery> = op.tx.optional(&sql, params![id]).await?;
    if let Some(delivery) = open {
        op.commit().await?;
        return Ok(Claim::Page(Box::new(agreement), secret, delivery));
    }
    let cursor = agreement.cursor;
    let (changes, next, _) = feed::next(&mut op.tx, &agreement, cursor, PAGE).await?;
    if changes.is_empty() {
        // Nothing of the peer's up to here.
        op.tx
            .execute(
                "UPDATE exchange_agreement SET cursor = $2, push_lease = 0 WHERE id = $1",
                params![id, next],
            )
            .await?;
        op.commit().await?;
        return Ok(Claim::Nothing);
    }
    let delivery = Delivery {
        id: DeliveryId(op.uuid()),
        from_seq: cursor,
        to_seq: next,
        changes: i64::try_from(changes.len()).unwrap_or(i64::MAX),
        created_at: op.now,
        attempts: 0,
        last_at: None,
        status: None,
        error: None,
        delivered_at: None,
    };
    op.tx
        .execute(
            "INSERT INTO exchange_delivery (id, agreement_id, from_seq, to_seq, changes, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
            params![delivery.id, id, cursor, next, delivery.changes, op.now],
        )
        .await?;
    op.commit().await?;
    Ok(Claim::Page(Box::new(agreement), secret, delivery))
}

/// One try; answers whether the next page may follow.
async fn send(
    district: &Arc<District>,
    agreement: &Agreement,
    secret: &[u8],
    delivery: &Delivery,
) -> Result<bool> {
    let access = district.port::<Access>()?;
    let now = district.clock.now();
    let told = {
        let mut conn = district.db.read().await?;
        let (from, to) = (delivery.from_seq, delivery.to_seq);
        let changes = feed::stretch(&mut conn, agreement, from, to, PAGE).await?;
        view::told(&mut conn, &access, agreement, &changes, now).await?
    };
    if told.is_empty() {
        passed(district, agreement, delivery).await?;
        return Ok(true);
    }
    let body = json!({
        "id": delivery.id, "event": "register.changed", "agreement": agreement.id,
        "next": delivery.to_seq, "changes": told,
    })
    .to_string();
    let place = agreement::place(agreement.id);
    let secret = access.keyring.open(Purpose::Partner, &place, secret)?;
    let id = delivery.id.to_string();
    let url = agreement.url.as_deref().unwrap_or_default();
    let letter = Letter { id: &id, url, secret: &secret, body: &body };
    let answer = outward::post(&*district.port::<Reach>()?, letter, now).await?;
    ended(district, agreement, delivery, &told, &answer).await?;
    Ok(matches!(answer, Answer::Delivered(_)))
}

/// Notes that all of a message has moved on since and comes with a later one. Nobody has spoken with the peer, so
/// how often it was away stays as it was.
async fn passed(district: &Arc<District>, agreement: &Agreement, delivery: &Delivery) -> Result<()> {
    let mut op = district.op("exchange").await?;
    op.tx
        .execute("UPDATE exchange_delivery SET delivered_at = $2 WHERE id = $1", params![delivery.id, op.now])
        .await?;
    op.tx
        .execute(
            "UPDATE exchange_agreement SET cursor = $2, push_lease = 0 WHERE id = $1",
            params![agreement.id, delivery.to_seq],
        )
        .await?;
    op.commit().await
}

/// Notes what came of a try, of whom the peer was told, and when the next try is.
async fn ended(
    district: &Arc<District>,
    agreement: &Agreement,
    delivery: &Delivery,
    told: &[Told],
    answer: &Answer,
) -> Result<()> {
    let mut op = district.op("exchange").await?;
    let delivered = matches!(answer, Answer::Delivered(_)).then_some(op.now);
    op.tx
        .execute(
            "UPDATE exchange_delivery SET attempts = attempts + 1, last_at = $2, status = $3, error = $4, delivered_at = $5 WHERE id = $1",
            params![delivery.id, op.now, answer.status().map(u32::from), answer.error(), delivered],
        )
        .await?;
    // Also where the answer was lost the peer may know them now.
    let people = view::note_told(&mut op.tx, agreement.id, told, op.now).await?;
    match answer {
        Answer::Delivered(_) => {
            op.tx
                .execute(
                    "UPDATE exchange_agreement SET cursor = $2, push_lease = 0, failures = 0, retry_at = NULL WHERE id = $1",
                    params![agreement.id, delivery.to_seq],
                )
                .await?;
            let detail = json!({
                "peer": agreement.peer, "delivery": delivery.id, "changes": told.len(), "residents": people,
                "purpose": agreement.purpose,
            });
            note(&mut op, "exchange.tell", agreement.id, detail).await?;
        }
        Answer::Later(..) => {
            let failures = agreement.failures + 1;
            let wait = pause(failures);
            op.tx
                .execute(
                    "UPDATE exchange_agreement SET push_lease = 0, failures = $2, retry_at = $3 WHERE id = $1",
                    params![agreement.id, failures, op.now.plus(wait)],
                )
                .await?;
            let once = format!("{PUSH}:{}:{}", delivery.id, delivery.attempts + 1);
            op.emit_later(PUSH, &once, &(), wait).await?;
        }
        Answer::Refused(..) => {
            op.tx
                .execute(
                    "UPDATE exchange_agreement SET push_lease = 0, stopped_at = $2 WHERE id = $1",
                    params![agreement.id, op.now],
                )
                .await?;
            let detail =
                json!({ "peer": agreement.peer, "delivery": delivery.id, "status": answer.status() });
            note(&mut op, "exchange.stop", agreement.id, detail).await?;
        }
    }
    op.commit().await
}

fn pushed(district: Arc<District>, _: Task) -> Work<'static> {
    Box::pin(push(district))
}

pub(crate) fn handlers() -> Handlers {
    Handlers::from([(CHANGED, Handler::Beside(pushed)), (PUSH, Handler::Beside(pushed))])
}
