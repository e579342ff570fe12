//! The home that somebody elsewhere means: by the code at its door, or by its address.

use linli_access::Access;
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{AreaCode, Result, area::AreaLevel, text::normalise};
use linli_store::{Conn, District};

use crate::{
    code::{self, Label},
    model::DwellingId,
    rules::{Address, address_key},
    store::places,
};

/// What a home is called. One of the text and the parts is enough.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Called<'t> {
    /// The letters of its code, the address that its code leads to, or its address in one.
    pub text: &'t str,
    /// The community, by name or code.
    pub community: &'t str,
    /// Estate, or street and number.
    pub place: &'t str,
    /// The house.
    pub building: &'t str,
    /// The staircase.
    pub unit: &'t str,
    /// The door.
    pub door: &'t str,
}

/// The one home within `area` that is called so; nothing where there is none or may be several.
pub async fn called(
    district: &District,
    conn: &mut Conn,
    area: &AreaCode,
    by: Called<'_>,
) -> Result<Option<DwellingId>> {
    let atlas = district.port::<AtlasPort>()?.get();
    let found = match at_the_door(district, conn, by.text).await? {
        Some(id) => vec![id],
        None => places::dwellings_at(conn, &keys(&atlas, area, by)).await?,
    };
    let here = places::whereabouts(conn, &found).await?;
    let mut here = here.into_iter().filter(|(_, grid, _)| area.contains(grid)).map(|(id, ..)| id);
    Ok(here.next().filter(|_| here.next().is_none()))
}

/// The home of a code that counts: `/d/` and its letters, or the letters alone.
async fn at_the_door(district: &District, conn: &mut Conn, text: &str) -> Result<Option<DwellingId>> {
    let letters = text.trim().rsplit('/').next().unwrap_or_default();
    let letters = letters.split(['?', '#']).next().unwrap_or_default();
    let access = district.port::<Access>()?;
    let Some(label) = Label::read(letters, &access, &district.area)? else { return Ok(None) };
    let code = code::by_label(conn, label).await?.filter(|code| code.revoked_at.is_none());
    Ok(code.and_then(|code| code.dwelling()))
}

/// What the address would be registered under, in each community that may be meant.
fn keys(atlas: &Atlas, area: &AreaCode, by: Called<'_>) -> Vec<String> {
    let bare = |text: &str| normalise(text).replace(' ', "");
    let whole = bare(by.text);
    let parts = if whole.is_empty() {
        Address::of_parts(by.place, by.building, by.unit, by.door).text()
    } else {
        String::new()
    };
    let said = bare(by.community);
    let community = area.at(AreaLevel::Community);
    let communities = atlas
        .areas()
        .filter(|one| one.level() == AreaLevel::Community)
        .filter(|one| area.contains(&one.code) || community.as_ref() == Some(&one.code));
    let mut keys = Vec::new();
    for one in communities {
        let names: Vec<String> =
            std::iter::once(&one.name).chain(&one.official).map(|name| bare(name)).collect();
        if !said.is_empty() && said != one.code.as_str() && !names.contains(&said) {
            continue;
        }
        if whole.is_empty() {
            keys.extend((!parts.is_empty()).then(|| address_key(&one.code, &parts)));
            continue;
        }
        keys.push(address_key(&one.code, &whole));
        // 塔山社区锦绣花园3号楼: the community may stand before the address.
        let rest = names.iter().filter_map(|name| whole.strip_prefix(name.as_str()));
        keys.extend(rest.filter(|rest| !rest.is_empty()).map(|rest| address_key(&one.code, rest)));
    }
    keys
}
