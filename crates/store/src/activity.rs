//! The activity log (操作日志): who did or looked at what, append-only and hash-chained.
//!
//! A row is written in the transaction of the change, with a SHA-256 digest of its content. A sealer
//! ([`seal`]) gives sealed rows a gapless `seq` and `link = SHA-256(previous link ‖ seq ‖ digest)`, a
//! moment later and in batches, so that writers never queue for the end of the chain. Triggers refuse
//! any other change. [`verify`] walks the chain from its start.

use linli_kernel::{AreaCode, Result, Timestamp, hex, params};
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    Conn, Db, Tx,
    owed::{Insert, marks, portion},
};

/// What to write about one act.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The act's code, for example `case.dispatch`.
    pub action: &'static str,
    /// The kind of thing, for example `case`.
    pub subject: &'static str,
    /// The thing's id.
    pub subject_id: String,
    /// Where it is: who may read this entry.
    pub area: AreaCode,
    /// What changed, without personal data in clear.
    pub detail: serde_json::Value,
}

/// A row of the log.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Activity {
    /// Time-ordered id.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// The actor's name at that time.
    pub actor: String,
    /// The account or client.
    pub actor_id: Option<Uuid>,
    /// The act's code.
    pub action: String,
    /// The kind of thing.
    pub subject: String,
    /// The thing's id.
    pub subject_id: String,
    /// Where.
    pub area: AreaCode,
    /// The request that did it.
    pub request: String,
    /// JSON of what changed.
    pub detail: String,
    /// SHA-256 of the content.
    #[serde(skip)]
    pub digest: Vec<u8>,
    /// Place in the chain; absent until sealed.
    pub seq: Option<i64>,
    /// The chain's hash at this row.
    #[serde(skip)]
    pub link: Option<Vec<u8>>,
}

/// Every column, for `SELECT`s of other modules.
pub const COLUMNS: &str =
    "id, at, actor, actor_id, action, subject, subject_id, area, request, detail, digest, seq, link";

fn digest(row: &Activity) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(row.id.as_bytes());
    hash.update(row.at.millis().to_be_bytes());
    hash.update(row.actor_id.unwrap_or_default().as_bytes());
    for text in [
        &row.actor,
        &row.action,
        &row.subject,
        &row.subject_id,
        &row.area.to_string(),
        &row.request,
        &row.detail,
    ] {
        // The length keeps “ab”+“c” and “a”+“bc” apart.
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().to_vec()
}

fn link(previous: &[u8], seq: i64, digest: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(seq.to_be_bytes());
    hash.update(digest);
    hash.finalize().to_vec()
}

/// Who and when, as an [`crate::Op`] knows them.
#[derive(Debug, Clone)]
pub struct Author<'a> {
    /// Name for the log.
    pub name: &'a str,
    /// Account or client id.
    pub id: Option<Uuid>,
    /// The request's id.
    pub request: &'a str,
}

/// The insert that [`append`] owes.
pub(crate) const INSERT: Insert = Insert {
    head: "INSERT INTO activity (id, at, actor, actor_id, action, subject, subject_id, area, request, detail, digest)",
    width: 11,
    tail: "",
};

/// Appends one row to the running transaction; it is written at its end.
pub async fn append(tx: &mut Tx, id: Uuid, at: Timestamp, author: Author<'_>, entry: Entry) -> Result<()> {
    let mut row = Activity {
        id,
        at,
        actor: author.name.to_owned(),
        actor_id: author.id,
        action: entry.action.to_owned(),
        subject: entry.subject.to_owned(),
        subject_id: entry.subject_id,
        area: entry.area,
        request: author.request.to_owned(),
        detail: entry.detail.to_string(),
        digest: Vec::new(),
        seq: None,
        link: None,
    };
    row.digest = digest(&row);
    tx.owed.activity.push(params![
        row.id,
        row.at,
        row.actor,
        row.actor_id,
        row.action,
        row.subject,
        row.subject_id,
        row.area,
        row.request,
        row.detail,
        row.digest
    ]);
    if tx.owed.is_full() { tx.settle().await } else { Ok(()) }
}

/// Rows sealed in one go.
const BATCH: i64 = 500;

async fn head(conn: &mut Conn) -> Result<(i64, Vec<u8>)> {
    let last = conn
        .optional("SELECT seq, link FROM activity WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1", vec![])
        .await?;
    Ok(last.unwrap_or((0, vec![0; 32])))
}

/// Seals waiting rows; answers how many. Call until it answers 0.
pub async fn seal(db: &Db) -> Result<usize> {
    let waiting: i64 = db
        .read()
        .await?
        .scalar("SELECT count(*) FROM (SELECT 1 FROM activity WHERE seq IS NULL LIMIT 1) x", vec![])
        .await?;
    if waiting == 0 {
        return Ok(0);
    }
    let mut tx = db.begin().await?;
    if tx.is_postgres() {
        tx.script("SELECT pg_advisory_xact_lock(hashtext('linli:seal:' || current_schema()))").await?;
    }
    let open: Vec<(Uuid, Vec<u8>)> = tx
        .all("SELECT id, digest FROM activity WHERE seq IS NULL ORDER BY id LIMIT $1", params![BATCH])
        .await?;
    let (mut seq, mut last) = head(&mut tx).await?;
    let sealed = open.len();
    let mut links = Vec::with_capacity(sealed * 3);
    for (id, digest) in open {
        seq += 1;
        last = link(&last, seq, &digest);
        links.extend(params![id, seq, last.clone()]);
    }
    let (mut left, mut links) = (sealed, links.into_iter());
    while left > 0 {
        let size = portion(left);
        let sql = format!(
            "UPDATE activity SET seq = v.column2, link = v.column3 FROM (VALUES {}) AS v WHERE activity.id = v.column1",
            marks(size, 3)
        );
        tx.execute(&sql, links.by_ref().take(size * 3).collect()).await?;
        left -= size;
    }
    tx.commit().await?;
    Ok(sealed)
}

/// What a walk over the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Sealed rows seen.
    pub sealed: i64,
    /// Rows that still wait for the sealer.
    pub open: i64,
    /// The chain's last hash; note it outside to prove later that nothing before it changed.
    pub head: String,
    /// What is wrong, at which place; empty if the chain is whole.
    pub faults: Vec<String>,
}

/// Recomputes every digest and link.
pub async fn verify(db: &Db) -> Result<Verdict> {
    let mut conn = db.read().await?;
    let (mut seq, mut last) = (0_i64, vec![0_u8; 32]);
    let mut faults = Vec::new();
    let sql = format!("SELECT {COLUMNS} FROM activity WHERE seq > $1 ORDER BY seq LIMIT 1000");
    loop {
        let rows: Vec<Activity> = conn.all(&sql, params![seq]).await?;
        let Some(end) = rows.last().and_then(|r| r.seq) else { break };
        for row in rows {
            let at = row.seq.unwrap_or_default();
            if at != seq + 1 {
                faults.push(format!("rows {} to {} are missing", seq + 1, at - 1));
            }
            if digest(&row) != row.digest {
                faults.push(format!("row {at} ({}) was changed", row.id));
            }
            let expected = link(&last, at, &row.digest);
            if row.link.as_ref() != Some(&expected) {
                faults.push(format!("row {at} ({}) does not follow from the one before", row.id));
            }
            last = row.link.unwrap_or(expected);
            seq = at;
        }
        debug_assert_eq!(seq, end);
    }
    let open = conn.scalar("SELECT count(*) FROM activity WHERE seq IS NULL", vec![]).await?;
    let head = hex(last);
    Ok(Verdict { sealed: seq, open, head, faults })
}

/// Whether `head`, a chain hash noted earlier, is still in the chain.
pub async fn holds(db: &Db, head: &str) -> Result<bool> {
    let bytes: Option<Vec<u8>> = (head.len() == 64)
        .then(|| (0..32).map(|n| u8::from_str_radix(head.get(n * 2..n * 2 + 2)?, 16).ok()).collect())
        .flatten();
    let Some(bytes) = bytes else { return Ok(false) };
    let found: i64 =
        db.read().await?.scalar("SELECT count(*) FROM activity WHERE link = $1", params![bytes]).await?;
    Ok(found > 0)
}
