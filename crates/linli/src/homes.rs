//! The wire between visit forms and the register of homes: where a home is.

use linli_household::{
    model::DwellingId,
    read::{self, Called},
    store::places,
};
use linli_kernel::{AreaCode, export::uuid::Uuid};
use linli_store::{Conn, District};
use linli_survey::port::{Found, Home, Named};

/// The homes of these ids that are registered.
pub(crate) fn find(conn: &mut Conn, ids: Vec<Uuid>) -> Found<'_> {
    Box::pin(async move {
        let ids: Vec<DwellingId> = ids.into_iter().map(DwellingId).collect();
        let found = places::whereabouts(conn, &ids).await?;
        Ok(found.into_iter().map(|(id, area, address)| (id.0, Home { area, address })).collect())
    })
}

/// The one home within an area that answers call so.
pub(crate) fn called<'c>(
    district: &'c District,
    conn: &'c mut Conn,
    area: &'c AreaCode,
    named: &'c Named,
) -> Found<'c> {
    Box::pin(async move {
        let by = Called {
            text: &named.text,
            community: &named.community,
            place: &named.place,
            building: &named.building,
            unit: &named.unit,
            door: &named.door,
        };
        match read::called(district, conn, area, by).await? {
            Some(id) => find(conn, vec![id.0]).await,
            None => Ok(Vec::new()),
        }
    })
}
