//! Who knows how a group of fields is destroyed: the register for its own, other slices through a port.

use std::time::Duration;

use linli_kernel::{AreaCode, Result, Timestamp, params};
use linli_store::{District, Entry, Op, worker::Work};
use serde_json::json;

use super::request;
use crate::{
    model::{Basis, CareKind, ResidentId},
    register::News,
    rhythm,
    store::forget,
};

/// A group of fields, and how it is destroyed.
#[derive(Clone, Copy)]
pub struct Steward {
    /// The group; its words are `privacy-fields-…`, `privacy-purpose-…`, `privacy-note-…`, `privacy-from-…`.
    pub fields: &'static str,
    /// The basis, unless the table says otherwise.
    pub basis: Basis,
    /// How many days it is kept, unless the table says otherwise.
    pub days: i64,
    /// The most days that the table may say; none: it is kept as long as what it is of, and goes with it.
    pub most: i64,
    /// Destroys at most so many of what was over before an instant; answers how many.
    pub enforce: for<'a> fn(&'a mut Op, Timestamp, i64) -> Work<'a, u64>,
    /// Destroys what is of one person, now; only where consent is the basis, and where it can be told whose it is.
    pub erase: Option<for<'a> fn(&'a mut Op, ResidentId) -> Work<'a, u64>>,
}

impl std::fmt::Debug for Steward {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Steward").field("fields", &self.fields).finish_non_exhaustive()
    }
}

/// A port: the stewards of other slices.
#[derive(Debug, Clone, Copy)]
pub struct Stewards(pub &'static [Steward]);

const YEAR: i64 = 365;

/// All stewards, the register's own first.
pub fn all(district: &District) -> Vec<Steward> {
    let others = district.ports.get::<Stewards>().map_or(&[][..], |port| port.0);
    OWN.iter().chain(others).copied().collect()
}

/// The group of what was typed into forms at the door.
pub(crate) const FORMS: &str = "forms";
/// Who lives here, and who has left: of one person at most one of the two counts.
pub(super) const HERE: &str = "residents";
pub(super) const LEFT: &str = "identity";
/// The copies with which spot checks compare.
pub(super) const CHECKS: &str = "checks";

const OWN: &[Steward] = &[
    // Forms come before phones: whose they are is told by the phone.
    Steward {
        fields: FORMS,
        basis: Basis::Consent,
        days: 30,
        most: 180,
        enforce: |op, before, most| Box::pin(forms(op, before, most)),
        erase: Some(|op, id| Box::pin(forms_of(op, id))),
    },
    Steward {
        fields: "messages",
        basis: Basis::Consent,
        days: 2,
        most: 30,
        enforce: |op, before, most| Box::pin(messages(op, before, most)),
        erase: None,
    },
    Steward {
        fields: HERE,
        basis: Basis::Duty,
        days: 0,
        most: 0,
        // Who moves out or dies goes over to the next group.
        enforce: |_, _, _| Box::pin(async { Ok(0) }),
        erase: Some(|_, _| Box::pin(async { Ok(0) })),
    },
    Steward {
        fields: LEFT,
        basis: Basis::Duty,
        days: 3 * YEAR,
        most: 10 * YEAR,
        enforce: |op, before, most| Box::pin(identity(op, before, most)),
        erase: Some(|op, id| Box::pin(identity_of(op, id))),
    },
    Steward {
        fields: "phone",
        basis: Basis::Consent,
        days: 180,
        most: 3 * YEAR,
        enforce: |op, before, most| Box::pin(phones(op, before, most)),
        erase: Some(|op, id| Box::pin(phone_of(op, id))),
    },
    Steward {
        fields: "care",
        basis: Basis::Consent,
        days: 180,
        most: 3 * YEAR,
        enforce: |op, before, most| Box::pin(care(op, before, most)),
        erase: Some(|op, id| Box::pin(care_of(op, id))),
    },
    Steward {
        fields: "stays",
        basis: Basis::Duty,
        days: 5 * YEAR,
        most: 10 * YEAR,
        enforce: |op, before, most| Box::pin(stays(op, before, most)),
        erase: Some(|op, id| Box::pin(stays_of(op, id))),
    },
    Steward {
        fields: "contacts",
        basis: Basis::Duty,
        days: 0,
        most: 0,
        // Whoever notes that an entity has closed takes its contact away in the same step.
        enforce: |_, _, _| Box::pin(async { Ok(0) }),
        erase: None,
    },
    Steward {
        fields: CHECKS,
        basis: Basis::Duty,
        days: 0,
        most: 0,
        // The finished ones are gone already.
        enforce: |op, before, most| Box::pin(rhythm::drop_past(op, before, most)),
        // An erasure takes them whatever else stays, see [`request::erase`].
        erase: None,
    },
    Steward {
        fields: "sheets",
        basis: Basis::Duty,
        days: 30,
        most: YEAR,
        enforce: |op, before, most| Box::pin(sheets(op, before, most)),
        erase: None,
    },
    Steward {
        fields: "exchange",
        basis: Basis::Duty,
        days: 3 * YEAR,
        most: 10 * YEAR,
        enforce: |op, before, most| Box::pin(exchange(op, before, most)),
        erase: None,
    },
    Steward {
        fields: "requests",
        basis: Basis::Duty,
        days: 3 * YEAR,
        most: 10 * YEAR,
        enforce: |op, before, most| Box::pin(requests(op, before, most)),
        erase: None,
    },
];

/// What was typed into forms that were decided long ago; the register has what counts. Residents are told "within so
/// many days", and a night comes once a day: what would be over before the next one goes in this one.
async fn forms(op: &mut Op, before: Timestamp, most: i64) -> Result<u64> {
    let before = before.plus(Duration::from_hours(24));
    op.tx
        .execute(
            "UPDATE claim SET content = NULL, phone_hash = NULL WHERE id IN (SELECT id FROM claim
                 WHERE content IS NOT NULL AND decided_at < $1 AND state IN ('accepted', 'partly', 'declined', 'withdrawn') LIMIT $2)",
            params![before, most],
        )
        .await
}

/// Forms of somebody's proven phone about which there is nothing left to decide.
async fn forms_of(op: &mut Op, id: ResidentId) -> Result<u64> {
    op.tx
        .execute(
            "UPDATE claim SET content = NULL, phone_hash = NULL
             WHERE phone_hash = (SELECT phone_hash FROM resident WHERE id = $1) AND proven = $2 AND content IS NOT NULL
               AND state IN ('accepted', 'partly', 'declined', 'withdrawn')",
            params![id, true],
        )
        .await
}

/// Messages with digits: limits count by them for a day.
async fn messages(op: &mut Op, before: Timestamp, most: i64) -> Result<u64> {
    op.tx
        .execute(
            "DELETE FROM phone_proof WHERE id IN (SELECT id FROM phone_proof WHERE asked_at < $1 ORDER BY asked_at LIMIT $2)",
            params![before, most],
        )
        .await
}

async fn identity(op: &mut Op, before: Timestamp, most: i64) -> Result<u64> {
    let gone = forget::left(&mut op.tx, before, None, most).await?;
    for person in &gone {
        forget::anonymise(&mut op.tx, person, op.now).await?;
    }
    Ok(gone.len() as u64)
}

/// Of one person; whoever lives here stays in the register.
async fn identity_of(op: &mut Op, id: ResidentId) -> Result<u64> {
    let gone = forget::left(&mut op.tx, op.now, Some(id), 1).await?;
    for person in &gone {
        forget::anonymise(&mut op.tx, person, op.now).await?;
    }
    Ok(gone.len() as u64)
}

const NO_PHONE: &str = "UPDATE resident SET phone = NULL, phone_hash = NULL, contact_hash = NULL, version = version + 1, updated_at = $1";

async fn phones(op: &mut Op, before: Timestamp, most: i64) -> Result<u64> {
    let sql = format!(
        "{NO_PHONE} WHERE id IN (SELECT id FROM resident WHERE dwelling_id IS NULL AND since < $2 AND phone IS NOT NULL
             ORDER BY since LIMIT $3)"
    );
    op.tx.execute(&sql, params![op.now, before, most]).await
}

async fn phone_of(op: &mut Op, id: ResidentId) -> Result<u64> {
    let sql = format!("{NO_PHONE} WHERE id = $2 AND phone IS NOT NULL");
    let erased = op.tx.execute(&sql, params![op.now, id]).await?;
    if erased > 0 {
        tell(op, id).await?;
    }
    Ok(erased)
}

/// Who follows the register hears that something of a person is gone.
async fn tell(op: &mut Op, id: ResidentId) -> Result<()> {
    let area: AreaCode = op.tx.scalar("SELECT area FROM resident WHERE id = $1", params![id]).await?;
    let mut news = News::new();
    news.resident(id, &area);
    news.publish(op).await
}

/// Marks whose consent or time has run out are closed at once; what was closed long ago is destroyed.
async fn care(op: &mut Op, before: Timestamp, most: i64) -> Result<u64> {
    let over: Vec<(ResidentId, AreaCode, CareKind)> = op
        .tx
        .all(
            "UPDATE care_mark SET ended_at = expires_at, end_reason = 'expired' WHERE id IN (
                 SELECT id FROM care_mark WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT $2)
             RETURNING resident_id, area, kind",
            params![op.now, most],
        )
        .await?;
    if !over.is_empty() {
        let mut news = News::new();
        for (id, area, _) in &over {
            news.resident(*id, area);
        }
        let area = op.district.area.clone();
        let detail = json!({ "fields": "care", "closed": over.len() });
        let entry = Entry {
            action: "privacy.close",
            subject: "privacy_rule",
            subject_id: "care".into(),
            area,
            detail,
        };
        op.log(entry).await?;
        news.publish(op).await?;
    }
    op.tx
        .execute(
            "DELETE FROM care_mark WHERE id IN (SELECT id FROM care_mark WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)",
            params![before, most],
        )
        .await
}

/// Those that stand on consent; those that stand on a duty stay.
async fn care_of(op: &mut Op, id: ResidentId) -> Result<u64> {
    let erased = op
        .tx
        .execute("DELETE FROM care_mark WHERE resident_id = $1 AND basis = 'consent'", params![id])
        .await?;
    if erased > 0 {
        tell(op, id).await?;
    }
    Ok(erased)
}

async fn stays(op: &mut Op, before: Timestamp, most: i64) -> Result<u64> {
    op.tx
        .execute(
            "DELETE FROM residence WHERE id IN (SELECT id FROM residence WHERE until < $1 ORDER BY until LIMIT $2)",
            params![before, most],
        )
        .await
}

async fn stays_of(op: &mut Op, id: ResidentId) -> Result<u64> {
    op.tx.execute("DELETE FROM residence WHERE resident_id = $1", params![id]).await
}

/// Rows of sheets that were wrong or never written.
async fn sheets(op: &mut Op, before: Timestamp, most: i64) -> Result<u64> {
    let wrong = op
        .tx
        .execute(
            "DELETE FROM resident_fault WHERE (batch_id, line) IN (SELECT f.batch_id, f.line FROM resident_fault f
                 JOIN resident_batch b ON b.id = f.batch_id WHERE b.created_at < $1 LIMIT $2)",
            params![before, most],
        )
        .await?;
    if wrong > 0 {
        return Ok(wrong);
    }
    op.tx
        .execute(
            "DELETE FROM resident_chunk WHERE (batch_id, seq) IN (SELECT c.batch_id, c.seq FROM resident_chunk c
                 JOIN resident_batch b ON b.id = c.batch_id WHERE b.created_at < $1 AND b.state <> 'running' LIMIT $2)",
            params![before, most],
        )
        .await
}

/// Who was told of whom, after the agreement's time.
async fn exchange(op: &mut Op, before: Timestamp, most: i64) -> Result<u64> {
    let mut erased = 0;
    for sql in [
        "DELETE FROM exchange_told WHERE (resident_id, agreement_id) IN (
             SELECT resident_id, agreement_id FROM exchange_told WHERE last_at < $1 LIMIT $2)",
        "DELETE FROM exchange_delivery WHERE id IN (
             SELECT id FROM exchange_delivery WHERE created_at < $1 AND delivered_at IS NOT NULL LIMIT $2)",
        "DELETE FROM exchange_intake WHERE id IN (SELECT id FROM exchange_intake WHERE at < $1 LIMIT $2)",
    ] {
        erased += op.tx.execute(sql, params![before, most]).await?;
    }
    Ok(erased)
}

/// What was answered long ago; of what was answered some weeks ago, the phone by which the answer was read.
async fn requests(op: &mut Op, before: Timestamp, most: i64) -> Result<u64> {
    let phones = request::forget_phones(op, most).await?;
    if phones > 0 {
        return Ok(phones);
    }
    op.tx
        .execute(
            "DELETE FROM privacy_request WHERE id IN (SELECT id FROM privacy_request WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)",
            params![before, most],
        )
        .await
}
