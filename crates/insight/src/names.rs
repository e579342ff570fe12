//! What an administrator does with the other names of places (地名别称): enter, change, strike out, take back.

use linli_access::{Access, Authorise, Scope, Target};
use linli_grid::AtlasPort;
use linli_kernel::{AreaCode, Error, Result, text::normalise};
use linli_store::{District, Entry, Op};
use linli_text::fold;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

use crate::{
    CaseFeed, Memory,
    events::TOPIC,
    feed::Told,
    learn::learn,
    model::{Alias, AliasSource},
    store,
};

/// The right to it.
pub const EDIT: &str = "place.edit";
/// Longest name.
const LONGEST: usize = 30;

/// What is typed.
#[derive(Debug, Clone, Default)]
pub struct AliasInput {
    /// The one to change; a new one if absent.
    pub id: Option<Uuid>,
    /// As people write it.
    pub written: String,
    /// What it stands for: a registered name, another known name, or the code of an area.
    pub place: String,
}

/// As texts are compared.
fn spelt(written: &str) -> String {
    fold(written).replace(' ', "")
}

fn scope(op: &Op) -> Result<Scope> {
    Ok(op.district.port::<Access>()?.policy.scope(&op.actor, EDIT))
}

/// The one with this id; nothing that lies outside the scope is there.
async fn own(op: &mut Op, id: Uuid) -> Result<Alias> {
    let scope = scope(op)?;
    store::alias(&mut op.tx, &scope, id).await?.ok_or(Error::NotFound)
}

/// The registered name, if it is one, and the area of what was typed.
async fn meant(op: &mut Op, typed: &str) -> Result<(String, AreaCode)> {
    let unknown = || Error::field("place", "insight-place-unknown");
    let typed = normalise(typed);
    if let Ok(code) = typed.parse::<AreaCode>() {
        let atlas = op.district.port::<AtlasPort>()?.get();
        return atlas.area(&code).map(|_| (String::new(), code)).ok_or_else(unknown);
    }
    let memory = op.district.port::<Memory>()?;
    let district = op.district.clone();
    memory.names_now(&district, &mut op.tx).await?.resolve(&typed).ok_or_else(unknown)
}

async fn save(op: &mut Op, action: &'static str, alias: &Alias, before: Option<&Alias>) -> Result<()> {
    store::put_alias(&mut op.tx, alias).await?;
    op.announce(TOPIC, alias.area.as_str(), "names");
    op.log(Entry {
        action,
        subject: "place_alias",
        subject_id: alias.id.to_string(),
        area: alias.area.clone(),
        detail: json!({ "from": before, "to": alias }),
    })
    .await
}

/// Enters a name or changes one; what was struck out or learned is then a person's word. The caller commits.
pub async fn put(op: &mut Op, input: &AliasInput) -> Result<Alias> {
    let written = normalise(&input.written);
    let alias = spelt(&written);
    if !(2..=LONGEST).contains(&alias.chars().count()) {
        return Err(Error::field("written", "insight-written-bad"));
    }
    let before = match input.id {
        Some(id) => Some(own(op, id).await?),
        None => None,
    };
    let same = store::alias_spelt(&mut op.tx, &alias).await?;
    if same.is_some_and(|same| Some(same.id) != input.id) {
        return Err(Error::field("written", "insight-written-taken"));
    }
    let (place, area) = meant(op, &input.place).await?;
    op.permit_told(EDIT, &area, "place")?;
    let new = Alias {
        id: input.id.unwrap_or_else(|| op.uuid()),
        alias,
        written,
        place,
        area,
        source: AliasSource::Entered,
        dropped: false,
        cases: before.as_ref().map_or(0, |b| b.cases),
        at: op.now,
        by_name: op.actor.name().to_owned(),
    };
    save(op, "place.put", &new, before.as_ref()).await?;
    Ok(new)
}

/// Strikes a name out, so that texts are not read with it and it is not learned again; or takes that back. The
/// caller commits.
pub async fn strike(op: &mut Op, id: Uuid, dropped: bool) -> Result<()> {
    let before = own(op, id).await?;
    op.permit(EDIT, &Target::at(&before.area))?;
    if before.dropped == dropped {
        return Ok(());
    }
    let by_name = op.actor.name().to_owned();
    let new = Alias { dropped, at: op.now, by_name, ..before.clone() };
    save(op, if dropped { "place.drop" } else { "place.take_back" }, &new, Some(&before)).await
}

/// Learns names from settled cases; what a person has entered or struck out stays as it is. Answers how many are
/// new or have changed.
pub(crate) async fn learn_from(district: &Arc<District>, cases: Vec<Told>) -> Result<usize> {
    let names = {
        let mut conn = district.db.read().await?;
        district.port::<Memory>()?.names_now(district, &mut conn).await?
    };
    let learned =
        tokio::task::spawn_blocking(move || learn(&names, &cases)).await.map_err(Error::internal)?;
    if learned.is_empty() {
        return Ok(0);
    }
    let mut op = district.op("insight names").await?;
    let mut changed = 0;
    let known = store::aliases(&mut op.tx).await?;
    for found in learned {
        let alias = spelt(&found.written);
        let before = known.iter().find(|a| a.alias == alias);
        let cases = i64::try_from(found.cases).unwrap_or(i64::MAX);
        let stays = |a: &Alias| {
            a.dropped || a.source == AliasSource::Entered || (a.area == found.area && a.place == found.place)
        };
        if before.is_some_and(stays) {
            continue;
        }
        let new = Alias {
            id: before.map_or_else(|| op.uuid(), |b| b.id),
            alias,
            written: found.written,
            place: found.place,
            area: found.area,
            source: AliasSource::Learned,
            dropped: false,
            cases,
            at: op.now,
            by_name: op.actor.name().to_owned(),
        };
        save(&mut op, "place.learn", &new, before).await?;
        changed += 1;
    }
    op.commit().await?;
    Ok(changed)
}

/// Learns names from the district's settled cases, without training anything.
pub async fn learn_now(district: &Arc<District>) -> Result<usize> {
    let feed = *district.port::<CaseFeed>()?;
    let cases = {
        let mut conn = district.db.read().await?;
        (feed.settled)(&mut conn, crate::train::MOST).await?
    };
    learn_from(district, cases).await
}
