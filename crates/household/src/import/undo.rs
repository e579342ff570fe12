//! Taking a batch back (撤销导入): the people and homes it brought, as long as nobody has worked on them since.

use linli_access::{Authorise as _, Target};
use linli_kernel::{Error, Result, error::Check, params};
use linli_store::Op;
use serde_json::json;

use super::{
    batch::{self, BatchState},
    log,
};
use crate::{
    model::{BatchId, ResidentId},
    register::News,
    store::feed::Subject,
};

/// People of a batch whom nobody has touched: still as they came, without a mark of care or an earlier stay.
const UNTOUCHED: &str = "r.batch = $1 AND r.version = 1
    AND NOT EXISTS (SELECT 1 FROM care_mark c WHERE c.resident_id = r.id)
    AND NOT EXISTS (SELECT 1 FROM residence s WHERE s.resident_id = r.id)";

/// Takes back what a batch brought and nobody has touched since; answers how many people went and how many
/// stayed. Whoever was known before keeps what was merged: a word of a sheet is one word among others. The
/// caller commits.
pub async fn undo(op: &mut Op, id: BatchId, reason: &str) -> Result<(i64, i64)> {
    let mut batch = batch::lock(&mut op.tx, id).await?;
    op.permit("household.import", &Target::at(&batch.area))?;
    let mut check = Check::new();
    let reason = check.text("reason", reason, 200);
    check.done()?;
    if !matches!(batch.state, BatchState::Done | BatchState::Failed) {
        return Err(Error::Conflict("household-batch-not-over"));
    }
    let mut news = News::new();
    let gone: Vec<(ResidentId, linli_kernel::AreaCode)> =
        op.tx.all(&format!("SELECT r.id, r.area FROM resident r WHERE {UNTOUCHED}"), params![id]).await?;
    for (resident, area) in &gone {
        news.resident(*resident, area);
    }
    let words =
        format!("DELETE FROM resident_words WHERE rowid IN (SELECT r.n FROM resident r WHERE {UNTOUCHED})");
    op.tx.execute(&words, params![id]).await?;
    // Heads first: a household names its head.
    let heads = format!(
        "UPDATE household SET head = NULL WHERE head IN (SELECT r.id FROM resident r WHERE {UNTOUCHED})"
    );
    op.tx.execute(&heads, params![id]).await?;
    op.tx.execute(&format!("DELETE FROM resident AS r WHERE {UNTOUCHED}"), params![id]).await?;
    places(op, id, &mut news).await?;
    batch.removed = i64::try_from(gone.len()).map_err(Error::internal)?;
    batch.state = BatchState::Undone;
    batch.reason = Some(reason.clone());
    let kept = batch.added - batch.removed;
    batch::save(&mut op.tx, &batch).await?;
    let detail = json!({ "reason": reason, "removed": batch.removed, "kept": kept });
    log(op, "household.undo", id, &batch.area, detail).await?;
    news.publish(op).await?;
    Ok((batch.removed, kept))
}

/// Homes, households, staircases and houses of the batch that are empty now.
async fn places(op: &mut Op, id: BatchId, news: &mut News) -> Result<()> {
    let empty_household = "h.batch = $1
        AND NOT EXISTS (SELECT 1 FROM resident r WHERE r.household_id = h.id)";
    let empty_dwelling = "d.batch = $1 AND d.version = 1
        AND NOT EXISTS (SELECT 1 FROM resident r WHERE r.dwelling_id = d.id)
        AND NOT EXISTS (SELECT 1 FROM household h WHERE h.dwelling_id = d.id)
        AND NOT EXISTS (SELECT 1 FROM residence s WHERE s.dwelling_id = d.id)
        AND NOT EXISTS (SELECT 1 FROM legal_entity e WHERE e.dwelling_id = d.id)";
    for (kind, table, alias, empty) in [
        (Subject::Household, "household", "h", empty_household),
        (Subject::Dwelling, "dwelling", "d", empty_dwelling),
    ] {
        let sql = format!("SELECT {alias}.id, {alias}.area FROM {table} {alias} WHERE {empty}");
        let gone: Vec<(uuid::Uuid, linli_kernel::AreaCode)> = op.tx.all(&sql, params![id]).await?;
        for (subject, area) in &gone {
            news.add(kind, *subject, area);
        }
        if kind == Subject::Dwelling {
            let words = format!(
                "DELETE FROM dwelling_words WHERE rowid IN (SELECT d.n FROM dwelling d WHERE {empty})"
            );
            op.tx.execute(&words, params![id]).await?;
        }
        op.tx.execute(&format!("DELETE FROM {table} AS {alias} WHERE {empty}"), params![id]).await?;
    }
    let unit = "DELETE FROM building_unit AS u WHERE u.batch = $1 AND NOT EXISTS (SELECT 1 FROM dwelling d WHERE d.unit_id = u.id)";
    op.tx.execute(unit, params![id]).await?;
    let house = "DELETE FROM building AS b WHERE b.batch = $1 AND NOT EXISTS (SELECT 1 FROM dwelling d WHERE d.building_id = b.id)
        AND NOT EXISTS (SELECT 1 FROM building_unit u WHERE u.building_id = b.id)";
    op.tx.execute(house, params![id]).await?;
    Ok(())
}
