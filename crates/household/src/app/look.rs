//! Every look at a person's record is written down (查阅留痕), so that they can see who looked and why.

use linli_kernel::{AreaCode, Result};
use linli_store::{Entry, Op};
use serde_json::json;

use crate::{
    model::{DwellingId, ResidentId},
    read::By,
};

/// Notes that the record of a home and of everybody in it was shown. One row for each of them: they ask
/// about themselves, not about their neighbours. The caller commits before it answers.
pub async fn looked(
    op: &mut Op,
    dwelling: DwellingId,
    area: &AreaCode,
    residents: &[ResidentId],
) -> Result<()> {
    for id in residents {
        op.log(Entry {
            action: "household.read",
            subject: "resident",
            subject_id: id.to_string(),
            area: area.clone(),
            detail: json!({ "dwelling": dwelling }),
        })
        .await?;
    }
    Ok(())
}

/// Notes a search: by what, in which area, and how many were shown; never what was typed.
pub async fn searched(op: &mut Op, by: By, area: &AreaCode, found: usize) -> Result<()> {
    op.log(Entry {
        action: "household.search",
        subject: "area",
        subject_id: area.to_string(),
        area: area.clone(),
        detail: json!({ "by": by, "found": found }),
    })
    .await
}
