//! Taking an import back: the cases that it brought and nobody has touched since.

use linli_access::{Authorise, Target};
use linli_kernel::{Error, Result, error::Check, params};
use linli_store::Op;
use serde::Serialize;
use serde_json::json;

use super::{
    batch::{self, BatchId, BatchState},
    import::log,
};
use crate::model::CaseId;

/// A case that an undo left alone, because somebody has worked on it since.
#[derive(Debug, Clone, Serialize, sqlx::FromRow)]
pub struct Kept {
    /// The case.
    pub id: CaseId,
    /// Its number.
    pub number: String,
    /// The hotline's number.
    pub external: Option<String>,
    /// One line.
    pub title: String,
    /// Why it stays: `work`, `photo`, `task` or `merge`.
    pub why: String,
}

/// Why a case of an import stays: somebody has done something since, or others hang on it. Nothing where
/// nobody has touched it; what the clocks did by themselves does not count.
const WHY: &str = "CASE
    WHEN EXISTS (SELECT 1 FROM case_file t WHERE t.parent = m.case_id) THEN 'task'
    WHEN EXISTS (SELECT 1 FROM case_file t WHERE t.merged_into = m.case_id) THEN 'merge'
    WHEN EXISTS (SELECT 1 FROM case_photo p WHERE p.case_id = m.case_id) THEN 'photo'
    WHEN EXISTS (SELECT 1 FROM case_entry e WHERE e.case_id = m.case_id AND e.seq >= m.entries AND e.who <> '\"system\"') THEN 'work'
    END";

/// Takes the cases of an import back that nobody has touched; answers how many, and the rest. The log keeps
/// what was there and why it went. The caller commits.
pub async fn undo(op: &mut Op, id: BatchId, reason: &str) -> Result<(i64, Vec<Kept>)> {
    op.permit("hotline.import", &Target::at(&op.district.area))?;
    let mut check = Check::new();
    let reason = check.text("reason", reason, 200);
    check.done()?;
    let mut batch = batch::lock(&mut op.tx, id).await?;
    if !matches!(batch.state, BatchState::Done | BatchState::Failed) {
        return Err(Error::Conflict("hotline-batch-not-over"));
    }
    let kept = kept(op, id).await?;
    let untouched =
        format!("SELECT m.case_id FROM hotline_message m WHERE m.batch_id = $1 AND {WHY} IS NULL");
    let gone: Vec<(String, Option<String>)> = op
        .tx
        .all(
            &format!(
                "SELECT c.number, c.external FROM case_file c WHERE c.id IN ({untouched}) ORDER BY c.number"
            ),
            params![id],
        )
        .await?;
    // The list must not change while its own rows go, so the choice is marked first.
    op.tx
        .execute(
            &format!("UPDATE hotline_message SET entries = -1 WHERE case_id IN ({untouched})"),
            params![id],
        )
        .await?;
    let marked = "SELECT case_id FROM hotline_message WHERE batch_id = $1 AND entries = -1";
    for table in ["case_words", "case_notice", "case_correction", "case_entry", "case_org"] {
        op.tx.execute(&format!("DELETE FROM {table} WHERE case_id IN ({marked})"), params![id]).await?;
    }
    let ids: Vec<(CaseId,)> = op.tx.all(marked, params![id]).await?;
    op.tx.execute("DELETE FROM hotline_message WHERE batch_id = $1 AND entries = -1", params![id]).await?;
    for piece in ids.chunks(500) {
        let mut rows = linli_store::Where::new();
        rows.any("id", &piece.iter().map(|(id,)| *id).collect::<Vec<_>>());
        op.tx.execute(&format!("DELETE FROM case_file{}", rows.text()), rows.args()).await?;
    }
    batch.removed = i64::try_from(gone.len()).map_err(Error::internal)?;
    batch.state = BatchState::Undone;
    batch.reason = Some(reason.clone());
    batch::save(&mut op.tx, &batch).await?;
    for piece in gone.chunks(500) {
        log(op, "hotline.undo", id, json!({ "reason": reason, "removed": piece, "kept": kept.len() }))
            .await?;
    }
    let area = op.district.area.to_string();
    op.announce("case", &area, "");
    Ok((batch.removed, kept))
}

/// The cases of an import that an undo would leave alone.
pub async fn kept(op: &mut Op, id: BatchId) -> Result<Vec<Kept>> {
    let sql = format!(
        "SELECT c.id, c.number, c.external, c.title, {WHY} AS why FROM hotline_message m JOIN case_file c ON c.id = m.case_id
         WHERE m.batch_id = $1 AND {WHY} IS NOT NULL ORDER BY c.number LIMIT 1000"
    );
    op.tx.all(&sql, params![id]).await
}
