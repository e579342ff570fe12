//! Areas, organisations, categories and the duty list of the demo.

use std::sync::Arc;

use linli_demo::Plan;
use linli_grid::{AtlasPort, seed};
use linli_kernel::Result;
use linli_store::District;

pub(super) async fn write(district: &Arc<District>, plan: &Plan) -> Result<()> {
    let mut op = district.op("demo land").await?;
    seed::write(&mut op, &linli_demo::land(&plan.district)).await?;
    op.commit().await?;
    district.port::<AtlasPort>()?.reload(&mut district.db.read().await?).await
}
