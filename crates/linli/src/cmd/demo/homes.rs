//! Homes and people of the demo, several grids in one transaction.

use linli_access::Access;
use linli_demo::Plan;
use linli_household::bulk::{self, Load};
use linli_kernel::Result;
use linli_store::Op;

/// People of one transaction: few enough that nobody who waits for the writer notices.
const BATCH: usize = 1_000;

/// Writes the homes from the grid `first` on; answers where to go on. The caller commits.
pub(super) async fn write(op: &mut Op, plan: &Plan, first: usize) -> Result<Option<usize>> {
    let mut load = Load::default();
    let grids = plan.district.grids().count();
    let mut nth = first;
    while nth < grids && load.len() < BATCH {
        let part = plan.homes(nth);
        load.buildings.extend(part.buildings);
        load.units.extend(part.units);
        load.dwellings.extend(part.dwellings);
        load.households.extend(part.households);
        load.residents.extend(part.residents);
        load.care.extend(part.care);
        nth += 1;
    }
    let sealed = bulk::seal(op.district.port::<Access>()?, load, None, op.now).await?;
    bulk::write(op, sealed, None).await?;
    Ok((nth < grids).then_some(nth))
}
