//! The district's place names (地名库), from its areas: what a text names is found in the atlas.

use linli_grid::Atlas;
use linli_kernel::{AreaCode, area::AreaLevel};
use linli_text::{Gazetteer, Mention, Place, PlaceKind};

/// Names of streets and communities; what else a text names is found by the way such names end.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: Gazetteer,
}

impl Names {
    pub(crate) fn of(atlas: &Atlas) -> Self {
        let mut known = Gazetteer::default();
        for area in atlas.areas() {
            if matches!(area.level(), AreaLevel::Street | AreaLevel::Community) {
                let place = Place {
                    name: area.name.clone(),
                    grid: Some(area.code.to_string()),
                    kind: PlaceKind::Community,
                };
                let at = known.add(place);
                if let Some(official) = &area.official {
                    known.add_alias(official, at);
                }
            }
        }
        Self { known }
    }

    /// What a text names that is smaller than a street: roads, estates, sites, communities.
    pub(crate) fn within(&self, said: &str) -> Vec<Mention> {
        let mut found = self.known.find(said);
        found.retain(|m| m.kind != PlaceKind::Building && !self.is_street(m));
        found
    }

    fn area(&self, mention: &Mention) -> Option<AreaCode> {
        self.known.place(mention.place?)?.grid.as_deref()?.parse().ok()
    }

    fn is_street(&self, mention: &Mention) -> bool {
        self.area(mention).is_some_and(|area| area.level() == AreaLevel::Street)
    }

    /// The narrowest known area that a text names, and how it is written there; else the first name that
    /// is not known.
    pub(crate) fn named(&self, said: &str) -> Option<(String, Option<AreaCode>)> {
        let found = self.known.find(said);
        let known = found.iter().filter_map(|m| Some((m.written.clone(), self.area(m)?)));
        let best = known.max_by_key(|(_, area)| (area.as_str().len(), std::cmp::Reverse(area.clone())));
        match best {
            Some((written, area)) => Some((written, Some(area))),
            None => {
                let other = found.into_iter().find(|m| m.kind != PlaceKind::Building)?;
                Some((other.written, None))
            }
        }
    }
}
