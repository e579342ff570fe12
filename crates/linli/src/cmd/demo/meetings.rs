//! Past weekly meetings of the demo; this week's are made by the service itself.

use linli_demo::Plan;
use linli_household::rhythm::meeting::history;
use linli_kernel::Result;
use linli_store::Op;

/// Communities of one transaction.
const BATCH: usize = 40;

/// Writes the meetings from the community `first` on; answers where to go on. The caller commits.
pub(super) async fn write(op: &mut Op, plan: &Plan, first: usize) -> Result<Option<usize>> {
    let all = plan.meetings();
    let end = (first + BATCH).min(all.len());
    history::record(op, all.get(first..end).unwrap_or_default()).await?;
    Ok((end < all.len()).then_some(end))
}
