//! How the ledger keeps up: everything once, then what has changed, in the order of `case_change`.

use std::{sync::Arc, sync::PoisonError, time::Duration};

use linli_kernel::{Result, params};
use linli_store::{Conn, District, Op};

use super::{
    Ledger, Table,
    facts::{FACTS, Line},
};
use crate::model::CaseId;

/// Cases of one step of the first reading.
const STEP: i64 = 4000;
/// Changes that are kept for those who read on; who has missed more reads everything again.
const KEPT: i64 = 20_000;
/// Without anybody asking, changes are read this often, so that the next who asks has little to wait for.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(sqlx::FromRow)]
struct Changed {
    reached: i64,
    oldest: i64,
    #[sqlx(flatten)]
    line: Line,
}

/// The mark up to which everything is committed. SQLite has one writer; on PostgreSQL all before the oldest transaction
/// that still runs. A mark that the server has not given out yet is of another server's life (restored): never read.
fn reached(conn: &Conn) -> &'static str {
    conn.dialect(
        "(SELECT coalesce(max(mark), 0) FROM case_change)",
        "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1)",
    )
}

fn given(conn: &Conn) -> &'static str {
    conn.dialect("", " AND mark < pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
}

/// All cases; the mark is read before them, so that what changes meanwhile is read once more.
async fn everything(conn: &mut Conn) -> Result<(i64, Table)> {
    let reached: i64 = conn.scalar(&format!("SELECT {}", reached(conn)), vec![]).await?;
    let mut table = Table::default();
    let mut after = CaseId(uuid::Uuid::nil());
    let sql = format!(
        "SELECT c.id AS case_id, {FACTS} FROM (SELECT * FROM case_file WHERE id > $1 ORDER BY id LIMIT $2) c
         LEFT JOIN case_org o ON o.case_id = c.id AND o.role <> 'lead' ORDER BY c.id"
    );
    loop {
        let lines: Vec<Line> = conn.all(&sql, params![after, STEP]).await?;
        let Some(last) = lines.last() else { return Ok((reached, table)) };
        after = last.case_id;
        table.take(&lines);
    }
}

impl Ledger {
    /// Reads what was committed since the last look: one query, except the first time.
    pub(super) async fn catch_up(&self, conn: &mut Conn) -> Result<()> {
        // One after the other: of two who read at once, the later to write might have read the earlier.
        let mut seen = self.reached.lock().await;
        if let Some(last) = *seen {
            let changed = changed(conn, last).await?;
            let Some(Changed { reached, oldest, .. }) = changed.first() else { return Ok(()) };
            if *oldest <= last + 1 {
                *seen = Some((*reached).max(last));
                let lines: Vec<Line> = changed.into_iter().map(|row| row.line).collect();
                self.table.write().unwrap_or_else(PoisonError::into_inner).take(&lines);
                return Ok(());
            }
            // Somebody took changes away that this process had not read.
        }
        let (reached, table) = everything(conn).await?;
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = table;
        *seen = Some(reached);
        Ok(())
    }
}

async fn changed(conn: &mut Conn, last: i64) -> Result<Vec<Changed>> {
    let (reached, given) = (reached(conn), given(conn));
    let sql = format!(
        "SELECT {reached} AS reached, (SELECT min(mark) FROM case_change) AS oldest, ch.case_id, {FACTS}
         FROM (SELECT DISTINCT case_id FROM case_change WHERE mark > $1{given}) ch
         LEFT JOIN case_file c ON c.id = ch.case_id
         LEFT JOIN case_org o ON o.case_id = c.id AND o.role <> 'lead' ORDER BY ch.case_id"
    );
    conn.all(&sql, params![last]).await
}

/// Takes away what nobody reads any more. The newest stays on SQLite, so that numbers are never given twice.
pub(crate) async fn prune(op: &mut Op) -> Result<u64> {
    let foreign = op.tx.dialect("", " OR mark > pg_current_xact_id()::text::bigint").to_owned();
    let sql = format!(
        "DELETE FROM case_change WHERE mark < (SELECT mark FROM case_change ORDER BY mark DESC LIMIT 1 OFFSET $1){foreign}"
    );
    op.tx.execute(&sql, params![KEPT]).await
}

/// Reads everything after a start and keeps up for as long as the district is open.
pub fn follow(district: &Arc<District>) {
    let district = Arc::downgrade(district);
    tokio::spawn(async move {
        loop {
            {
                let Some(district) = district.upgrade() else { return };
                let read = async {
                    let ledger = district.port::<Ledger>()?;
                    ledger.catch_up(&mut district.db.read().await?).await
                };
                if let Err(error) = read.await {
                    tracing::warn!(district = %district.name, %error, "the ledger of cases is behind");
                }
            }
            tokio::time::sleep(PATIENCE).await;
        }
    });
}
