//! Homes and people of the demo, several grids in one transaction.

use std::sync::Arc;

use linli_access::Access;
use linli_demo::Plan;
use linli_household::bulk::{self, Load};
use linli_kernel::Result;
use linli_store::District;

/// People of one transaction.
const BATCH: usize = 5_000;

pub(super) async fn write(district: &Arc<District>, plan: &Plan) -> Result<()> {
    let mut load = Load::default();
    let grids = plan.district.grids().count();
    for nth in 0..grids {
        let part = plan.homes(nth);
        load.buildings.extend(part.buildings);
        load.units.extend(part.units);
        load.dwellings.extend(part.dwellings);
        load.households.extend(part.households);
        load.residents.extend(part.residents);
        load.care.extend(part.care);
        if load.len() >= BATCH || nth + 1 == grids {
            let full = std::mem::take(&mut load);
            let sealed = bulk::seal(district.port::<Access>()?, full, None, district.clock.now()).await?;
            let mut op = district.op("demo homes").await?;
            bulk::write(&mut op, sealed, None).await?;
            op.commit().await?;
        }
    }
    Ok(())
}
