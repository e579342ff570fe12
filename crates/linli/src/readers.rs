//! The wires between cases and insight: what cases say goes there, suggestions and repeats come back. The names of
//! registered places go there too.

use std::path::Path;

use linli_cases::{
    model::{CaseId, CaseState},
    read::{feed, similar, suggest},
};
use linli_household::store::places;
use linli_insight::{Answer, Asked, CaseFeed, Memory, Models, PlaceFeed, Registered, Told};
use linli_kernel::export::uuid::Uuid;
use linli_store::{Conn, Ports, worker::Work};

fn told(case: feed::Told) -> Told {
    let listed = case.parent.is_none() && !matches!(case.state, CaseState::Declined | CaseState::Merged);
    Told {
        person: case.person(),
        listed,
        id: case.id.0,
        number: case.number,
        title: case.title,
        body: case.body,
        address: case.address,
        area: case.area,
        point: case.lat.zip(case.lng),
        at: case.reported_at,
        state: case.state.to_string(),
        supporters: u32::try_from(case.supporters).unwrap_or_default(),
        category: case.category,
        nature: case.nature.to_string(),
        whistle: case.whistle.to_string(),
    }
}

fn by_ids<'a>(conn: &'a mut Conn, ids: &'a [Uuid]) -> Work<'a, Vec<Told>> {
    Box::pin(async move {
        let ids: Vec<CaseId> = ids.iter().copied().map(CaseId).collect();
        Ok(feed::by_ids(conn, &ids).await?.into_iter().map(told).collect())
    })
}

fn ids_after(conn: &mut Conn, after: Option<Uuid>, limit: i64) -> Work<'_, Vec<Uuid>> {
    Box::pin(async move {
        let found = feed::ids_after(conn, after.map(CaseId), limit).await?;
        Ok(found.into_iter().map(|id| id.0).collect())
    })
}

fn count(conn: &mut Conn) -> Work<'_, i64> {
    Box::pin(feed::count(conn))
}

fn settled(conn: &mut Conn, limit: i64) -> Work<'_, Vec<Told>> {
    Box::pin(async move { Ok(feed::settled(conn, limit).await?.into_iter().map(told).collect()) })
}

fn settled_count(conn: &mut Conn) -> Work<'_, i64> {
    Box::pin(feed::settled_count(conn))
}

fn houses(conn: &mut Conn) -> Work<'_, Vec<Registered>> {
    Box::pin(async move {
        let named = |(place, house, area)| Registered { place, house, area };
        Ok(places::named(conn).await?.into_iter().map(named).collect())
    })
}

fn guessed<T: std::str::FromStr>(answer: Answer) -> Option<suggest::Guessed<T>> {
    let value = answer.code.parse().ok()?;
    Some(suggest::Guessed { value, percent: answer.percent, words: answer.words })
}

fn guess(reading: linli_insight::Reading) -> suggest::Guess {
    suggest::Guess {
        trained: reading.trained,
        category: reading.category.and_then(guessed),
        levels: reading.levels,
        nature: reading.nature.and_then(guessed),
        whistle: reading.whistle.and_then(guessed),
        urgent: reading.urgent,
        place: reading.place.map(|(written, area)| suggest::NamedPlace { written, area }),
    }
}

/// Fills the ports of both sides; snapshots go into `folder`.
pub(crate) fn wire(ports: Ports, folder: &Path) -> Ports {
    let memory = Memory::new(folder);
    let models = Models::new(&memory);
    let (reader, likeness, repeats) = (models.clone(), memory.clone(), memory.clone());
    ports
        .with(CaseFeed { by_ids, ids_after, count, settled, settled_count })
        .with(PlaceFeed { houses })
        .with(suggest::SuggestPort(Box::new(move |atlas, said, address, area| {
            guess(reader.read(atlas, said, address, area))
        })))
        .with(similar::LikenessPort(Box::new(move |a, b| {
            let (share, words) = likeness.alike(a, b);
            similar::Alike { share, words }
        })))
        .with(similar::RepeatsPort(Box::new(move |wanted| {
            let asked = Asked {
                id: wanted.id.0,
                said: wanted.said,
                area: wanted.area,
                point: wanted.point,
                at: wanted.at,
            };
            Some(repeats.repeats(&asked)?.into_iter().map(CaseId).collect())
        })))
        .with(memory)
        .with(models)
}
