//! The queue as pages show it, within the scope.

use linli_access::{Access, Scope};
use linli_kernel::{AreaCode, Cursor, Error, Page, Result, Timestamp, params, text_enum};
use linli_store::{Conn, Where};
use serde::Serialize;

use super::{
    Claim, ClaimId, ClaimKind, ClaimState, Content, Receipt,
    model::conflicts,
    store::{self, CLAIM},
};
use crate::{model::DwellingId, store::Seal};

text_enum! {
    /// Which entries a list shows.
    pub enum Which {
        /// 全部待核对
        All = "all",
        /// 首次填报
        New = "new",
        /// 更正
        Changed = "changed",
        /// 无变化
        Same = "same",
        /// 有冲突
        Conflict = "conflict",
        /// 等居民补充
        Asked = "asked",
        /// 已办
        Done = "done",
    }
}

/// A line of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct QueueRow {
    /// Which one.
    pub id: ClaimId,
    /// The number.
    pub number: String,
    /// The home.
    pub address: String,
    /// Its grid.
    pub area: AreaCode,
    /// What it says.
    pub kind: ClaimKind,
    /// What stands against it.
    pub conflicts: String,
    /// Where it stands.
    pub state: ClaimState,
    /// How many people it names.
    pub people: i64,
    /// Whether the phone is theirs.
    pub proven: bool,
    /// The other system that says it; nothing where a resident does.
    pub peer: Option<String>,
    /// When.
    pub submitted_at: Timestamp,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// By whom.
    pub decided_by: Option<String>,
}

impl QueueRow {
    /// What stands against it.
    pub fn against(&self) -> Vec<super::Conflict> {
        conflicts(&self.conflicts)
    }
}

/// How many wait, of what kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Queue {
    /// 待核对
    pub all: i64,
    /// 首次填报, nothing against it.
    pub new: i64,
    /// 更正, nothing against it.
    pub changed: i64,
    /// 无变化, nothing against it.
    pub same: i64,
    /// 有冲突
    pub conflict: i64,
    /// 等居民补充
    pub asked: i64,
}

impl Queue {
    /// The number beside a tab; done ones are not counted.
    pub const fn of(&self, which: Which) -> Option<i64> {
        match which {
            Which::All => Some(self.all),
            Which::New => Some(self.new),
            Which::Changed => Some(self.changed),
            Which::Same => Some(self.same),
            Which::Conflict => Some(self.conflict),
            Which::Asked => Some(self.asked),
            Which::Done => None,
        }
    }
}

fn within(scope: &Scope, area: &AreaCode) -> Where {
    let mut rows = Where::new();
    scope.filter(&mut rows, "c.area", "");
    rows.within("c.area", std::slice::from_ref(area));
    rows
}

/// How many wait in an area.
pub async fn counts(conn: &mut Conn, scope: &Scope, area: &AreaCode) -> Result<Queue> {
    let mut rows = within(scope, area);
    rows.and("c.state = 'waiting'", vec![]);
    let plain = |kind: &str| format!("count(CASE WHEN c.kind = '{kind}' AND c.conflicts = '' THEN 1 END)");
    let mut asked = within(scope, area);
    asked.and("c.state = 'asked'", vec![]);
    let sql = format!(
        "SELECT count(*) AS \"all\", {} AS \"new\", {} AS changed, {} AS same,
                count(CASE WHEN c.conflicts <> '' THEN 1 END) AS conflict, CAST(0 AS BIGINT) AS asked FROM claim c{}",
        plain("new"),
        plain("changed"),
        plain("same"),
        rows.text()
    );
    let waiting: Queue = conn.one(&sql, rows.args()).await?;
    let asked: i64 =
        conn.scalar(&format!("SELECT count(*) FROM claim c{}", asked.text()), asked.args()).await?;
    Ok(Queue { asked, ..waiting })
}

/// The queue of an area: what waits the oldest first, what is done the last first.
pub async fn queue(
    conn: &mut Conn,
    scope: &Scope,
    area: &AreaCode,
    which: Which,
    after: Option<Cursor>,
    size: usize,
) -> Result<Page<QueueRow>> {
    let mut rows = within(scope, area);
    match which {
        Which::All => rows.and("c.state = 'waiting'", vec![]),
        Which::New | Which::Changed | Which::Same => {
            rows.and("c.state = 'waiting' AND c.conflicts = '' AND c.kind = ?", vec![which.as_str().into()])
        }
        Which::Conflict => rows.and("c.state = 'waiting' AND c.conflicts <> ''", vec![]),
        Which::Asked => rows.and("c.state = 'asked'", vec![]),
        Which::Done => rows.and("c.state IN ('accepted', 'partly', 'declined', 'withdrawn')", vec![]),
    };
    let order = if which == Which::Done {
        rows.before("c.decided_at", "c.id", after);
        "c.decided_at DESC, c.id DESC"
    } else {
        rows.after("c.submitted_at", "c.id", after);
        "c.submitted_at, c.id"
    };
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT c.id, c.number, c.address, c.area, c.kind, c.conflicts, c.state, c.people, c.proven, c.peer, c.submitted_at, c.decided_at, c.decided_by
         FROM claim c{} ORDER BY {order} LIMIT {limit}",
        rows.text()
    );
    let found: Vec<QueueRow> = conn.all(&sql, rows.args()).await?;
    Ok(Page::cut(found, size, |row| Cursor {
        key: if which == Which::Done { row.decided_at } else { Some(row.submitted_at) }
            .map_or(0, Timestamp::millis),
        id: row.id.0,
    }))
}

/// An entry and what it says.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The entry.
    pub claim: Claim,
    /// What it says; nothing once its time is over.
    pub content: Option<Content>,
}

impl Kept {
    /// An entry within the scope. The caller writes down that it was looked at.
    pub async fn load(conn: &mut Conn, access: &Access, scope: &Scope, id: ClaimId) -> Result<Self> {
        let claim = store::get(conn, id).await?;
        if !scope.covers(&claim.area, &[]) {
            return Err(Error::NotFound);
        }
        Ok(Self { content: store::open(Seal::new(access), &claim)?, claim })
    }
}

/// The entry of a receipt.
pub async fn receipt(conn: &mut Conn, access: &Access, secret: &str) -> Result<Kept> {
    let receipt = Receipt::read(secret, access)?;
    let claim = store::get(conn, receipt.id).await?;
    Ok(Kept { content: store::open(Seal::new(access), &claim)?, claim })
}

/// The entries that wait for a home, for the household card.
pub async fn waiting_at(
    conn: &mut Conn,
    dwelling: DwellingId,
) -> Result<Vec<(ClaimId, ClaimKind, Timestamp)>> {
    conn.all(
        "SELECT id, kind, submitted_at FROM claim WHERE dwelling_id = $1 AND state = 'waiting' ORDER BY submitted_at, id LIMIT 20",
        params![dwelling],
    )
    .await
}

/// The entries of a proven phone that are not decided.
pub async fn mine_waiting(conn: &mut Conn, phone_hash: &[u8]) -> Result<Vec<Claim>> {
    let sql = format!(
        "SELECT {CLAIM} FROM claim c WHERE c.phone_hash = $1 AND c.proven = $2 ORDER BY c.submitted_at DESC LIMIT 20"
    );
    conn.all(&sql, params![phone_hash, true]).await
}
