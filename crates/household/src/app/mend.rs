//! Correcting and closing houses and doors that were registered wrongly: by who may register them there.

use linli_access::{Authorise as _, Target};
use linli_kernel::Result;
use linli_store::Op;

use crate::{
    model::{BuildingId, DwellingId},
    register::{self, News},
    store::{mend, places},
};

/// Calls a house by another name; the addresses of its doors follow.
pub async fn correct_building(op: &mut Op, id: BuildingId, place: &str, name: &str) -> Result<()> {
    let area = places::building(&mut op.tx, id).await?.area;
    op.permit("household.building", &Target::at(&area))?;
    let mut news = News::new();
    register::correct_building(op, &mut news, id, place, name).await?;
    news.publish(op).await
}

/// Corrects staircase and number of a door.
pub async fn correct_door(
    op: &mut Op,
    id: DwellingId,
    unit: &str,
    door: &str,
    expected: Option<i64>,
) -> Result<()> {
    places::hold_house_of(&mut op.tx, id).await?;
    let area = places::dwelling(&mut op.tx, id).await?.area;
    op.permit("household.edit", &Target::at(&area))?;
    let mut news = News::new();
    register::correct_door(op, &mut news, id, unit, door, expected).await?;
    news.publish(op).await
}

/// Closes a door at which nobody lives; answers its house.
pub async fn close_dwelling(op: &mut Op, id: DwellingId, why: &str) -> Result<BuildingId> {
    let area = places::dwelling(&mut op.tx, id).await?.area;
    op.permit("household.edit", &Target::at(&area))?;
    let mut news = News::new();
    let house = register::close_dwelling(op, &mut news, id, why).await?;
    news.publish(op).await?;
    Ok(house)
}

/// Opens a closed door again.
pub async fn reopen_dwelling(op: &mut Op, id: DwellingId) -> Result<()> {
    places::hold_house_of(&mut op.tx, id).await?;
    let area = mend::closed_dwelling(&mut op.tx, id).await?.area;
    op.permit("household.edit", &Target::at(&area))?;
    let mut news = News::new();
    register::reopen_dwelling(op, &mut news, id).await?;
    news.publish(op).await
}

/// Closes a house without open doors.
pub async fn close_building(op: &mut Op, id: BuildingId, why: &str) -> Result<()> {
    let area = places::building(&mut op.tx, id).await?.area;
    op.permit("household.building", &Target::at(&area))?;
    register::close_building(op, id, why).await
}

/// Opens a closed house again.
pub async fn reopen_building(op: &mut Op, id: BuildingId) -> Result<()> {
    let area = mend::closed_building(&mut op.tx, id).await?.area;
    op.permit("household.building", &Target::at(&area))?;
    register::reopen_building(op, id).await
}
