//! Taking from a person's row what may no longer be known.

use linli_kernel::{AreaCode, Result, Timestamp, params};
use linli_store::Tx;

use super::words::Words;
use crate::{model::ResidentId, rules};

/// The name of somebody of whom nothing is known any more.
pub const NOBODY: &str = "＊";

/// A row of which nothing is to be known.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Gone {
    /// Who it was.
    pub id: ResidentId,
    /// In the order of registration.
    pub n: i64,
    /// The last grid.
    pub area: AreaCode,
}

/// Those of whom it was written down before an instant that they have left, or the one of `only`, and still have a name.
pub async fn left(tx: &mut Tx, before: Timestamp, only: Option<ResidentId>, most: i64) -> Result<Vec<Gone>> {
    let mut rows = linli_store::Where::new();
    rows.and("dwelling_id IS NULL AND since < ? AND name <> ?", vec![before.into(), NOBODY.into()]);
    rows.and_some("id = ?", only);
    let limit = rows.bind(most);
    let sql = format!("SELECT id, n, area FROM resident{} ORDER BY since, n LIMIT {limit}", rows.text());
    tx.all(&sql, rows.args()).await
}

/// The row stays, for counts and for what refers to it; who it was is gone.
pub async fn anonymise(tx: &mut Tx, gone: &Gone, now: Timestamp) -> Result<()> {
    tx.execute(
        "UPDATE resident SET name = $2, sex = '0', birth = NULL, id_number = NULL, id_hash = NULL, phone = NULL, phone_hash = NULL,
             contact_hash = NULL, residence = 'unknown', relation = 'other', version = version + 1, updated_at = $3 WHERE id = $1",
        params![gone.id, NOBODY, now],
    )
    .await?;
    Words::Residents.replace(tx, gone.n, rules::person_words("", &gone.area)).await?;
    tx.execute("DELETE FROM exchange_external WHERE resident_id = $1", params![gone.id]).await?;
    Ok(())
}
