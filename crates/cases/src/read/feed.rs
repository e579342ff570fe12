//! What readers of texts learn from and compare (供研判学习的案件): told in words, without contact data.
//!
//! Not limited to a scope: only jobs of the system read this, and what they make of it is filtered again
//! before anybody sees it.

use linli_kernel::{AreaCode, Result, Timestamp, Value, actor::AccountId, hex, params};
use linli_store::{Conn, Where};

use crate::model::{CaseId, CaseState, Nature, WhistleLevel};

/// A case as its reporter told it, and what became of it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Told {
    /// The case.
    pub id: CaseId,
    /// Its number.
    pub number: String,
    /// One line.
    pub title: String,
    /// In the reporter's words.
    pub body: String,
    /// Where, in words.
    pub address: String,
    /// Where.
    pub area: AreaCode,
    /// Latitude.
    pub lat: Option<f64>,
    /// Longitude.
    pub lng: Option<f64>,
    /// When it was told.
    pub reported_at: Timestamp,
    /// Where it stands.
    pub state: CaseState,
    /// The larger case that it is a task of.
    pub parent: Option<CaseId>,
    /// A keyed hash of the reporter's phone.
    phone_hash: Option<Vec<u8>>,
    /// The account that brought it in.
    reported_by: Option<AccountId>,
    /// How many cases were merged into it.
    pub supporters: i64,
    /// Category code, as last decided.
    pub category: Option<String>,
    /// What the reporter wants.
    pub nature: Nature,
    /// The whistle in the end.
    pub whistle: WhistleLevel,
}

/// The columns of [`Told`]; a phone is only ever a keyed hash.
const SELECT: &str =
    "SELECT c.id, c.number, c.title, c.body, c.address, c.area, c.lat, c.lng, c.reported_at, c.state,
    c.parent, c.phone_hash, c.reported_by, c.category, c.nature, c.whistle,
    (SELECT count(*) FROM case_file m WHERE m.merged_into = c.id) AS supporters
 FROM case_file c";

impl Told {
    /// Something that is the same for the same reporter and says nothing else of them.
    pub fn person(&self) -> String {
        match (&self.phone_hash, self.reported_by) {
            (Some(hash), _) => format!("p{}", hex(&hash[..hash.len().min(8)])),
            (None, Some(account)) => format!("a{account}"),
            (None, None) => format!("c{}", self.id),
        }
    }
}

async fn read(conn: &mut Conn, rest: &str, args: Vec<Value>) -> Result<Vec<Told>> {
    conn.all(&format!("{SELECT} {rest}"), args).await
}

/// These cases, in no order; one that is not there is left out.
pub async fn by_ids(conn: &mut Conn, ids: &[CaseId]) -> Result<Vec<Told>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows = Where::new();
    rows.any("c.id", ids);
    let text = rows.text();
    read(conn, &text, rows.args()).await
}

/// The ids of the cases after `after` in the order of their ids, to walk over all of them.
pub async fn ids_after(conn: &mut Conn, after: Option<CaseId>, limit: i64) -> Result<Vec<CaseId>> {
    let mut rows = Where::new();
    rows.and_some("id > ?", after);
    let limit = rows.bind(limit);
    let sql = format!("SELECT id FROM case_file{} ORDER BY id LIMIT {limit}", rows.text());
    let found: Vec<(CaseId,)> = conn.all(&sql, rows.args()).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// How many cases there are, tasks included.
pub async fn count(conn: &mut Conn) -> Result<i64> {
    conn.scalar("SELECT count(*) FROM case_file", vec![]).await
}

/// The newest cases whose category is settled: closed, or corrected by a dispatcher.
pub async fn settled(conn: &mut Conn, limit: i64) -> Result<Vec<Told>> {
    let settled = "WHERE c.parent IS NULL AND c.category IS NOT NULL AND (c.state IN ('closed', 'rated')
           OR EXISTS (SELECT 1 FROM case_correction k WHERE k.case_id = c.id))
         ORDER BY c.reported_at DESC, c.id DESC LIMIT $1";
    read(conn, settled, params![limit]).await
}

/// How many cases have a settled category.
pub async fn settled_count(conn: &mut Conn) -> Result<i64> {
    conn.scalar(
        "SELECT count(*) FROM case_file c WHERE c.parent IS NULL AND c.category IS NOT NULL AND (c.state IN ('closed', 'rated')
           OR EXISTS (SELECT 1 FROM case_correction k WHERE k.case_id = c.id))",
        vec![],
    )
    .await
}
