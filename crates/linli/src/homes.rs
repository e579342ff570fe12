//! The wire between visit forms and the register of homes: where a home is.

use linli_household::{model::DwellingId, store::places};
use linli_kernel::export::uuid::Uuid;
use linli_store::Conn;
use linli_survey::port::{Found, Home};

/// The homes of these ids that are registered.
pub(crate) fn find(conn: &mut Conn, ids: Vec<Uuid>) -> Found<'_> {
    Box::pin(async move {
        let ids: Vec<DwellingId> = ids.into_iter().map(DwellingId).collect();
        let found = places::whereabouts(conn, &ids).await?;
        Ok(found.into_iter().map(|(id, area, address)| (id.0, Home { area, address })).collect())
    })
}
