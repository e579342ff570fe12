//! The night's work (夜间销毁): once a day, group by group, a few hundred rows a transaction, each with its record.

use std::time::Duration;

use chrono::Timelike as _;
use linli_kernel::{Error, Result, Timestamp, params};
use linli_store::{
    Conn, Entry, Op,
    outbox::Task,
    worker::{Handler, Handlers, Work},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Rule, all, rules};

/// The outbox kind that looks whether it is time.
pub const NIGHT: &str = "privacy.night";
/// The outbox kind of one step.
pub const STEP: &str = "privacy.step";

const EVERY: Duration = Duration::from_mins(20);
/// From two in the morning on, when fewest people work; a service that slept begins when it wakes.
const HOUR: u32 = 2;
/// Rows of one step: the write lock is never held long.
const BATCH: i64 = 300;

#[derive(Debug, Serialize, Deserialize)]
struct Step {
    run: Uuid,
    /// Which group.
    n: usize,
}

async fn night(op: &mut Op) -> Result<()> {
    if op.now.in_china().hour() < HOUR {
        return Ok(());
    }
    let run = op.uuid();
    let day = op.now.china_date().to_string();
    let begun = op
        .tx
        .execute(
            "INSERT INTO privacy_run (id, day, started_at) VALUES ($1, $2, $3) ON CONFLICT (day) DO NOTHING",
            params![run, day, op.now],
        )
        .await?;
    if begun == 1 { op.emit(STEP, &Step { run, n: 0 }).await } else { Ok(()) }
}

/// One group, at most so many rows; what is left is the next step.
async fn step(op: &mut Op, task: &Task) -> Result<()> {
    let Step { run, n } = serde_json::from_str(&task.payload).map_err(Error::internal)?;
    let stewards = all(&op.district);
    let Some(steward) = stewards.get(n) else {
        let sql = "UPDATE privacy_run SET finished_at = $2 WHERE id = $1";
        op.tx.execute(sql, params![run, op.now]).await?;
        return Ok(());
    };
    let rule = rules::rule(&mut op.tx, &stewards, steward.fields).await?;
    let cutoff = rule.cutoff(op.now);
    let erased = (steward.enforce)(op, cutoff, BATCH).await?;
    if erased > 0 {
        record(op, run, &rule, cutoff, erased).await?;
    }
    let again = erased >= BATCH.unsigned_abs();
    op.emit(STEP, &Step { run, n: if again { n } else { n + 1 } }).await
}

async fn record(op: &mut Op, run: Uuid, rule: &Rule, cutoff: Timestamp, erased: u64) -> Result<()> {
    let count = i64::try_from(erased).unwrap_or(i64::MAX);
    op.tx
        .execute(
            "INSERT INTO privacy_destruction (run_id, fields, rule, cutoff, erased, at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (run_id, fields) DO UPDATE SET erased = privacy_destruction.erased + excluded.erased, at = excluded.at",
            params![run, &rule.fields, json!(rule), cutoff, count, op.now],
        )
        .await?;
    let area = op.district.area.clone();
    let detail = json!({ "fields": rule.fields, "erased": erased, "days": rule.days, "before": cutoff });
    let subject_id = run.to_string();
    op.log(Entry { action: "privacy.destroy", subject: "privacy_run", subject_id, area, detail }).await
}

/// What a night destroyed of one group.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Destruction {
    /// The run.
    pub run_id: Uuid,
    /// Its day.
    pub day: String,
    /// The group.
    pub fields: String,
    /// The rule as it stood.
    pub rule: String,
    /// What was over before this.
    pub cutoff: Timestamp,
    /// How many.
    pub erased: i64,
    /// When.
    pub at: Timestamp,
}

/// The last records, newest first.
pub async fn records(conn: &mut Conn, most: i64) -> Result<Vec<Destruction>> {
    conn.all(
        "SELECT d.run_id, r.day, d.fields, d.rule, d.cutoff, d.erased, d.at FROM privacy_destruction d
         JOIN privacy_run r ON r.id = d.run_id ORDER BY r.day DESC, d.fields LIMIT $1",
        params![most],
    )
    .await
}

/// The last night: its day, and when it was through.
pub async fn last(conn: &mut Conn) -> Result<Option<(String, Option<Timestamp>)>> {
    conn.optional("SELECT day, finished_at FROM privacy_run ORDER BY day DESC LIMIT 1", vec![]).await
}

fn nightly(op: &mut Op) -> Work<'_> {
    Box::pin(night(op))
}

fn stepped<'a>(op: &'a mut Op, task: &'a Task) -> Work<'a> {
    Box::pin(step(op, task))
}

pub(crate) fn handlers() -> Handlers {
    Handlers::from([(NIGHT, Handler::Every(EVERY, nightly)), (STEP, Handler::Inside(stepped))])
}
