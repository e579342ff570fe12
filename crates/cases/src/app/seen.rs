//! Messages that an organisation's people have seen.

use linli_kernel::{Result, Value, actor::OrgId};
use linli_store::{Op, Where};
use uuid::Uuid;

/// Marks messages as seen, as far as they are for an organisation in which the actor holds a post;
/// answers how many. The caller commits.
pub async fn notices_seen(op: &mut Op, ids: &[Uuid]) -> Result<u64> {
    let orgs: Vec<OrgId> = op.actor.posts().iter().map(|p| p.org).collect();
    if orgs.is_empty() || ids.is_empty() {
        return Ok(0);
    }
    let mut rows = Where::new();
    let now = rows.bind(op.now);
    rows.any("org_id", &orgs)
        .any("id", &ids.iter().map(|id| Value::Uuid(Some(*id))).collect::<Vec<_>>())
        .and("seen_at IS NULL", vec![]);
    let sql = format!("UPDATE case_notice SET seen_at = {now}{}", rows.text());
    op.tx.execute(&sql, rows.args()).await
}
