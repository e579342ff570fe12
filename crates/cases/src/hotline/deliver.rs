//! Carrying news to webhooks through the outbox: retried until the receiver has it, refused for good when
//! the receiver says so, and in the order in which things happened to one case.
//!
//! The order is kept by a chain: what finds older news of its case still under way ends quietly, and the older
//! news, once it is over, sends the next on its way.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use linli_access::{Access, Purpose};
use linli_grid::AtlasPort;
use linli_kernel::{Error, Result, Timestamp, params};
use linli_store::{
    District, Op, Where,
    outbox::{MAX_ATTEMPTS, Task},
    worker::{Handler, Handlers, PERMANENT, Work},
};
use linli_web::outward::{self, Answer, Letter, Reach};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    sheets,
    webhook::{self, DeliveryId, Webhook, WebhookId},
};
use crate::{
    events::{CHANGED, CaseChanged},
    model::{CaseId, Source},
    open311::requests,
};

/// The outbox kind of one message to a webhook.
pub const DELIVER: &str = "webhook.deliver";

#[derive(Serialize, Deserialize)]
struct Owed {
    delivery: DeliveryId,
}

pub(super) async fn owe(op: &mut Op, delivery: DeliveryId) -> Result<()> {
    op.emit(DELIVER, &Owed { delivery }).await
}

/// Notes for each webhook what it has to hear of changes; in one transaction with the tasks' end, so once.
async fn note(op: &mut Op, tasks: &[Task]) -> Result<()> {
    let hooks = webhook::list(&mut op.tx).await?;
    if hooks.is_empty() {
        return Ok(());
    }
    for task in tasks {
        let changed: CaseChanged = serde_json::from_str(&task.payload).map_err(Error::internal)?;
        note_one(op, &hooks, &changed).await?;
    }
    Ok(())
}

async fn note_one(op: &mut Op, hooks: &[Webhook], changed: &CaseChanged) -> Result<()> {
    // A task inside a case is nobody's business outside. Who has no number of their own knows ours. Messages that were
    // merged with this case hear of it under their own numbers; what is told of them counts the lines of both.
    let told: Vec<(CaseId, Source, String, i64)> = op
        .tx
        .all(
            "SELECT c.id, c.source, coalesce(c.external, c.number),
                 c.entries + CASE WHEN c.merged_into IS NULL THEN 0 ELSE w.entries END
             FROM case_file c JOIN case_file w ON w.id = coalesce(c.merged_into, c.id)
             WHERE (c.id = $1 OR c.merged_into = $1) AND c.parent IS NULL ORDER BY c.id",
            params![changed.case],
        )
        .await?;
    for one in told {
        tell(op, hooks, one).await?;
    }
    Ok(())
}

async fn tell(
    op: &mut Op,
    hooks: &[Webhook],
    (case, source, known_as, lines): (CaseId, Source, String, i64),
) -> Result<()> {
    let number: Option<(String,)> =
        op.tx.optional("SELECT number FROM hotline_message WHERE case_id = $1", params![case]).await?;
    // The hotline hears its own number, also where two messages have it.
    let number = number.map_or_else(|| known_as.clone(), |(number,)| number);
    let hooks: Vec<&Webhook> = hooks.iter().filter(|hook| hook.sources().contains(&source)).collect();
    if hooks.is_empty() {
        return Ok(());
    }
    let answer = sheets::answer(&mut op.tx, case).await?;
    let reply = match source {
        // Other systems hear no more than everybody who asks.
        Source::Open311 => {
            let access = op.district.port::<Access>()?;
            requests::reply(&mut op.tx, &access, case, &answer).await?
        }
        _ => answer.reply(),
    };
    let atlas = op.district.port::<AtlasPort>()?.get();
    for hook in hooks {
        let sequence = match answer.together_with {
            None => lines,
            Some(_) => never_back(op, hook.id, case, lines).await?,
        };
        let id = DeliveryId(op.uuid());
        let body = json!({
            "id": id,
            "event": "case.changed",
            // Later news has a larger one: what comes late is not taken for new.
            "sequence": sequence,
            "source": source,
            "number": number,
            "known_as": known_as,
            "case": answer.number,
            "state": answer.state,
            "state_words": answer.state_words_zh(),
            "together_with": answer.together_with,
            "lead": atlas.org_name(answer.lead),
            "reply": reply,
            "updated_at": answer.updated_at,
            "ended_at": answer.ended_at,
        });
        // Two changes that are told as one: the later state stands for both.
        let fresh = op
            .tx
            .execute(
                "INSERT INTO webhook_delivery (id, webhook_id, case_id, body, created_at, sequence)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (webhook_id, case_id, sequence) DO NOTHING",
                params![id, hook.id, case, body, op.now, sequence],
            )
            .await?;
        if fresh == 0 {
            continue;
        }
        if !hook.active {
            // Of a stopped address only the last state of each case waits.
            op.tx
                .execute(
                    "DELETE FROM webhook_delivery WHERE webhook_id = $1 AND case_id = $2 AND sequence < $3
                     AND attempts = 0 AND delivered_at IS NULL AND failed_at IS NULL",
                    params![hook.id, case, sequence],
                )
                .await?;
        }
        owe(op, id).await?;
    }
    Ok(())
}

/// The place of the next news of a merged message: what it was merged with may have been merged in its turn, into a case
/// with fewer lines.
async fn never_back(op: &mut Op, hook: WebhookId, case: CaseId, lines: i64) -> Result<i64> {
    let sql =
        "SELECT coalesce(max(sequence), 0) FROM webhook_delivery WHERE webhook_id = $1 AND case_id = $2";
    let last: i64 = op.tx.scalar(sql, params![hook, case]).await?;
    Ok(if lines < last { last + 1 } else { lines })
}

/// News of a case to an address that is neither delivered nor given up.
const PENDING: &str = "d.delivered_at IS NULL AND d.failed_at IS NULL";

/// Sends the first pending news of each case on its way, or only of `case`.
async fn owe_first(op: &mut Op, hook: WebhookId, case: Option<CaseId>) -> Result<()> {
    let mut rows = Where::new();
    rows.and("d.webhook_id = ?", vec![hook.into()]).and(PENDING, vec![]);
    rows.and_some("d.case_id = ?", case);
    let sql = format!(
        "SELECT d.id FROM webhook_delivery d{} AND NOT EXISTS (
             SELECT 1 FROM webhook_delivery o WHERE o.webhook_id = d.webhook_id AND o.case_id = d.case_id
             AND o.sequence < d.sequence AND o.delivered_at IS NULL AND o.failed_at IS NULL)",
        rows.text()
    );
    let first: Vec<(DeliveryId,)> = op.tx.all(&sql, rows.args()).await?;
    for (id,) in first {
        owe(op, id).await?;
    }
    Ok(())
}

/// Sends what waited while an address was stopped.
pub(super) async fn owe_pending(op: &mut Op, hook: WebhookId) -> Result<()> {
    owe_first(op, hook, None).await
}

#[derive(sqlx::FromRow)]
struct Message {
    webhook_id: WebhookId,
    case_id: CaseId,
    body: String,
    delivered_at: Option<Timestamp>,
    url: String,
    secret: Vec<u8>,
    active: bool,
    /// Whether older news of the case is still under way.
    behind: bool,
}

/// Receivers that took a letter and never answered, and until when no other letter waits for them.
static AWAY: Mutex<BTreeMap<String, Instant>> = Mutex::new(BTreeMap::new());
const REST: Duration = Duration::from_mins(1);

fn is_away(url: &str) -> bool {
    let away = AWAY.lock().unwrap_or_else(PoisonError::into_inner);
    away.get(url).is_some_and(|until| Instant::now() < *until)
}

fn note_away(url: &str, hung: bool) {
    let mut away = AWAY.lock().unwrap_or_else(PoisonError::into_inner);
    if hung {
        away.insert(url.to_owned(), Instant::now() + REST);
    } else {
        away.remove(url);
    }
}

async fn carry(district: Arc<District>, task: Task) -> Result<()> {
    let owed: Owed = serde_json::from_str(&task.payload).map_err(Error::internal)?;
    let found: Option<Message> = district
        .db
        .read()
        .await?
        .optional(
            "SELECT d.webhook_id, d.case_id, d.body, d.delivered_at, w.url, w.secret, w.active,
                 EXISTS (SELECT 1 FROM webhook_delivery o WHERE o.webhook_id = d.webhook_id AND o.case_id = d.case_id
                     AND o.sequence < d.sequence AND o.delivered_at IS NULL AND o.failed_at IS NULL) AS behind
             FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id WHERE d.id = $1",
            params![owed.delivery],
        )
        .await?;
    let Some(message) = found else { return Ok(()) };
    if message.delivered_at.is_some() {
        // The process died between the delivery and the next one.
        return next(&district, &message).await;
    }
    if message.behind || !message.active {
        // The older news, or the one who resumes the address, sends this on its way.
        return Ok(());
    }
    // One that lets us wait for nothing is not waited for by each of its letters in turn; the last try is one.
    if task.attempts < MAX_ATTEMPTS && is_away(&message.url) {
        return Err(Error::Unavailable("error-busy"));
    }
    let place = webhook::place(message.webhook_id);
    let secret = district.port::<Access>()?.keyring.open(Purpose::Partner, &place, &message.secret)?;
    let reach = district.port::<Reach>()?;
    let id = owed.delivery.to_string();
    let letter = Letter { id: &id, url: &message.url, secret: &secret, body: &message.body };
    let began = Instant::now();
    let answer = outward::post(&reach, letter, district.clock.now()).await?;
    let hung = matches!(answer, Answer::Later(None, _)) && began.elapsed() >= reach.patience() / 2;
    note_away(&message.url, hung);
    let now = district.clock.now();
    let (status, error) = (answer.status(), answer.error().map(str::to_owned));
    let (delivered, failed, result) = match answer {
        Answer::Delivered(_) => (Some(now), None, Ok(())),
        Answer::Refused(..) => (None, Some(now), Err(Error::Conflict(PERMANENT))),
        Answer::Later(..) => {
            let last = (task.attempts >= MAX_ATTEMPTS).then_some(now);
            (None, last, Err(Error::Unavailable("error-busy")))
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
    if delivered.is_some() || failed.is_some() {
        next(&district, &message).await?;
    }
    result
}

/// The next news of the case. After the commit of what came before: whoever looked earlier and found it under
/// way had noted its own row by then, and so it is found here.
async fn next(district: &Arc<District>, message: &Message) -> Result<()> {
    let mut op = district.op("webhook").await?;
    owe_first(&mut op, message.webhook_id, Some(message.case_id)).await?;
    op.commit().await
}

fn noted<'a>(op: &'a mut Op, tasks: &'a [Task]) -> Work<'a> {
    Box::pin(note(op, tasks))
}

fn carried(district: Arc<District>, task: Task) -> Work<'static> {
    Box::pin(carry(district, task))
}

pub(super) fn handlers() -> Handlers {
    Handlers::from([(CHANGED, Handler::Together(noted)), (DELIVER, Handler::Beside(carried))])
}
