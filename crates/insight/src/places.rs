//! The district's place names (地名库), from its areas: what a text names is found in the atlas.

use linli_grid::Atlas;
use linli_kernel::{AreaCode, area::AreaLevel};
use linli_text::{Gazetteer, Mention, Place, PlaceKind, fold};

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

    /// The text without the names of places: where it is says nothing of what it is.
    pub(crate) fn without(&self, said: &str) -> String {
        let chars: Vec<char> = fold(said).chars().collect();
        let mut out = String::with_capacity(said.len());
        let mut at = 0;
        for name in self.known.find(said) {
            out.extend(&chars[at.min(name.start)..name.start]);
            out.push(' ');
            at = at.max(name.start + name.written.chars().count());
        }
        out.extend(&chars[at.min(chars.len())..]);
        out
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
        if let Some((written, area)) = best {
            return Some((written, Some(area)));
        }
        let other = found.into_iter().find(|m| m.kind != PlaceKind::Building)?;
        Some((other.written, None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_grid::Area;

    fn names() -> Names {
        let area = |code: &str, name: &str| Area::named(code.parse().unwrap(), name);
        let areas = vec![
            area("371002001", "环翠楼街道"),
            area("371002001001", "塔山社区"),
            area("371002001001003", "第3网格"),
        ];
        Names::of(&Atlas::new(areas, vec![], vec![], vec![]))
    }

    #[test]
    fn the_narrowest_known_place_is_named_and_an_unknown_one_is_said_so() {
        let names = names();
        let code = |text: &str| Some(text.parse::<AreaCode>().unwrap());
        assert_eq!(names.named("环翠楼街道塔山社区门口"), Some(("塔山社区".into(), code("371002001001"))));
        assert_eq!(names.named("环翠楼街道办事处旁"), Some(("环翠楼街道".into(), code("371002001"))));
        assert_eq!(names.named("阳光花园12号楼"), Some(("阳光花园".into(), None)));
        assert_eq!(names.named("路灯坏了"), None);
    }

    #[test]
    fn words_stay_when_places_are_left_out() {
        let said = names().without("塔山社区阳光花园3号楼路灯坏了");
        assert!(said.contains("路灯坏了") && !said.contains("塔山") && !said.contains("阳光"), "{said}");
        assert_eq!(names().without(""), "");
    }
}
