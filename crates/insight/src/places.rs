//! The district's place names (地名库): areas, what the registers know — estates, roads, villages, their houses —
//! and how people say them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use linli_grid::Atlas;
use linli_kernel::{AreaCode, area::AreaLevel};
use linli_text::{Gazetteer, Mention, Place, PlaceKind, fold};

use crate::{feed::Registered, model::Alias};

/// Known names of places; what else a text names is found by the way such names end.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: Gazetteer,
    /// Where a registered place lies: several communities may have a 丽景苑 each.
    sites: HashMap<usize, Vec<Arc<Site>>>,
}

/// A registered place of one community.
#[derive(Debug)]
struct Site {
    area: AreaCode,
    houses: HashMap<String, AreaCode>,
}

/// A place as the register has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// As the text writes it, with the house if it names one.
    pub(crate) written: String,
    /// The registered name.
    pub(crate) place: String,
    /// The narrowest area that holds it.
    pub(crate) area: AreaCode,
}

/// The narrowest area that holds all of these; nothing where that is the whole district.
fn holding<'a>(areas: impl IntoIterator<Item = &'a AreaCode>) -> Option<AreaCode> {
    let mut areas = areas.into_iter();
    let first = areas.next()?.clone();
    areas
        .try_fold(first, |held, area| {
            let levels = [AreaLevel::Grid, AreaLevel::Community, AreaLevel::Street];
            levels.into_iter().find_map(|level| held.at(level).filter(|wide| wide.contains(area)))
        })
        .filter(|area| area.level() != AreaLevel::District)
}

/// `望海街12号` is the road and a number; an estate has none.
fn road(place: &str) -> (&str, &str) {
    let Some(stem) = place.strip_suffix('号') else { return (place, "") };
    let name = stem.trim_end_matches(|c: char| c.is_ascii_alphanumeric());
    if name.is_empty() { (place, "") } else { (name, &stem[name.len()..]) }
}

/// `3` of `3号楼`.
fn number(house: &str) -> &str {
    let end = house.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(house.len());
    &house[..end]
}

/// The house that the text names right after a place: its number, and how many characters that takes.
fn house(after: &[char]) -> Option<(String, usize)> {
    let gap = usize::from(after.first() == Some(&' '));
    let digits: String = after[gap..].iter().take_while(|c| c.is_ascii_alphanumeric()).take(6).collect();
    let rest = &after[gap + digits.len()..];
    let word = ["号楼", "栋", "幢", "座", "号"]
        .into_iter()
        .find(|w| w.chars().eq(rest.iter().copied().take(w.chars().count())))?;
    let starts_with_digit = digits.starts_with(|c: char| c.is_ascii_digit());
    starts_with_digit.then(|| (digits.clone(), gap + digits.len() + word.chars().count()))
}

/// Houses by their number, each with where it lies.
type Houses<'a> = Vec<(&'a str, &'a AreaCode)>;

/// The houses of one place in one community, by their numbers.
fn site(houses: Houses<'_>) -> Option<Site> {
    let area = holding(houses.iter().map(|(_, area)| *area))?;
    let mut by_number: BTreeMap<&str, Vec<&AreaCode>> = BTreeMap::new();
    for (number, area) in houses.into_iter().filter(|(number, _)| !number.is_empty()) {
        by_number.entry(number).or_default().push(area);
    }
    let houses = by_number
        .into_iter()
        .filter_map(|(number, areas)| Some((number.to_lowercase(), holding(areas)?)))
        .collect();
    Some(Site { area, houses })
}

impl Names {
    pub(crate) fn of(atlas: &Atlas, registered: &[Registered], aliases: &[Alias]) -> Self {
        let mut names = Self::default();
        for area in atlas.areas() {
            if matches!(area.level(), AreaLevel::Street | AreaLevel::Community) {
                let at = names.add(&area.name, PlaceKind::Community, Some(&area.code));
                if let Some(official) = &area.official {
                    names.known.add_alias(official, at);
                }
            }
        }
        names.register(registered);
        for alias in aliases.iter().filter(|alias| !alias.dropped) {
            names.alias(alias);
        }
        names
    }

    fn add(&mut self, name: &str, kind: PlaceKind, area: Option<&AreaCode>) -> usize {
        self.known.add(Place { name: name.to_owned(), grid: area.map(ToString::to_string), kind })
    }

    /// What a person entered goes before what a register says.
    fn alias(&mut self, alias: &Alias) {
        let registered = self.known.exact(&alias.place);
        let sites: Vec<Arc<Site>> = registered
            .and_then(|at| self.sites.get(&at))
            .map(|sites| {
                sites.iter().filter(|s| alias.area.contains(&s.area) || s.area.contains(&alias.area))
            })
            .map(|fitting| fitting.cloned().collect())
            .unwrap_or_default();
        let name = if alias.place.is_empty() { &alias.written } else { &alias.place };
        let at = self.add(name, PlaceKind::of(name).unwrap_or(PlaceKind::Estate), Some(&alias.area));
        if !sites.is_empty() {
            self.sites.insert(at, sites);
        }
        self.known.add_alias(&alias.alias, at);
    }

    fn register(&mut self, registered: &[Registered]) {
        let mut places: BTreeMap<&str, BTreeMap<AreaCode, Houses<'_>>> = BTreeMap::new();
        for one in registered {
            let (place, own) = road(&one.place);
            let house = if own.is_empty() { number(&one.house) } else { own };
            let community = one.area.at(AreaLevel::Community).unwrap_or_else(|| one.area.clone());
            places.entry(place).or_default().entry(community).or_default().push((house, &one.area));
        }
        for (place, communities) in places {
            let sites: Vec<Arc<Site>> = communities.into_values().filter_map(site).map(Arc::new).collect();
            let area = holding(sites.iter().map(|site| &site.area));
            let kind = PlaceKind::of(place).unwrap_or(PlaceKind::Estate);
            // A village's houses are at the village, which the atlas knows.
            let at = self.known.exact(place).unwrap_or_else(|| self.add(place, kind, area.as_ref()));
            self.sites.insert(at, sites);
        }
    }

    /// How many places it knows.
    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// What a text names that is smaller than a street: roads, estates, sites, communities.
    pub(crate) fn within(&self, said: &str) -> Vec<Mention> {
        let mut found = self.known.find(said);
        found.retain(|m| m.kind != PlaceKind::Building && !self.is_street(m));
        found
    }

    /// The names in a text that nobody has registered, each once.
    pub(crate) fn unknown(&self, said: &str) -> Vec<String> {
        self.known.unknown(said)
    }

    /// One name for a place, however it is written.
    pub(crate) fn canonical<'a>(&'a self, mention: &'a Mention) -> &'a str {
        mention.place.and_then(|at| self.known.place(at)).map_or(&mention.written, |place| &place.name)
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

    fn area_of(&self, at: usize) -> Option<AreaCode> {
        self.known.place(at)?.grid.as_deref()?.parse().ok()
    }

    fn is_street(&self, mention: &Mention) -> bool {
        let area = mention.place.and_then(|at| self.area_of(at));
        mention.kind == PlaceKind::Community && area.is_some_and(|area| area.level() == AreaLevel::Street)
    }

    /// The sites of a place that lie where the text says, as narrowly as it says it; all of them where it does not.
    fn fitting(&self, at: usize, hints: &[AreaCode]) -> Vec<&Arc<Site>> {
        let sites = self.sites.get(&at).map_or(&[][..], Vec::as_slice);
        let held = |hint: &AreaCode| -> Vec<&Arc<Site>> {
            sites.iter().filter(|site| hint.contains(&site.area) || site.area.contains(hint)).collect()
        };
        hints.iter().map(held).find(|some| !some.is_empty()).unwrap_or_else(|| sites.iter().collect())
    }

    /// The narrowest known place of a text, the first one where several are as narrow; down to the house where
    /// the text names one that is registered. Of places of one name it is the one in the community or street that
    /// the text names too, or else `within`.
    pub(crate) fn found(&self, said: &str, within: Option<&AreaCode>) -> Option<Found> {
        let chars: Vec<char> = fold(said).chars().collect();
        let mentions = self.known.find(said);
        let named =
            mentions.iter().filter(|m| m.kind == PlaceKind::Community).filter_map(|m| self.area_of(m.place?));
        let mut hints: Vec<AreaCode> = named.chain(within.cloned()).collect();
        hints.sort_by_key(|area| std::cmp::Reverse(area.as_str().len()));
        let known = mentions.into_iter().filter_map(|mention| {
            let at = mention.place?;
            let place = self.known.place(at)?.name.clone();
            let sites = self.fitting(at, &hints);
            let end = mention.start + mention.written.chars().count();
            if let Some((number, length)) = house(&chars[end..])
                && let Some(area) = holding(sites.iter().filter_map(|site| site.houses.get(&number)))
            {
                let more: String = chars[end..end + length].iter().filter(|c| **c != ' ').collect();
                return Some(Found { written: mention.written + &more, place, area });
            }
            // A village is as wide as the atlas says, wherever its registered houses stand.
            let whole = if mention.kind == PlaceKind::Community { self.area_of(at) } else { None };
            let area = whole
                .or_else(|| holding(sites.iter().map(|site| &site.area)))
                .or_else(|| if sites.is_empty() { self.area_of(at) } else { None });
            Some(Found { written: mention.written, place, area: area? })
        });
        known.min_by_key(|found| std::cmp::Reverse(found.area.as_str().len()))
    }

    /// What a text names and where that is; else the first name that is not known.
    pub(crate) fn named(&self, said: &str, within: Option<&AreaCode>) -> Option<(String, Option<AreaCode>)> {
        if let Some(found) = self.found(said, within) {
            return Some((found.written, Some(found.area)));
        }
        let other = self.known.find(said).into_iter().find(|m| m.kind != PlaceKind::Building)?;
        Some((other.written, None))
    }

    /// The place that exactly this name or alias stands for, or that these words name: its registered name and where
    /// it lies.
    pub(crate) fn resolve(&self, name: &str) -> Option<(String, AreaCode)> {
        let own = || {
            let at = self.known.resolve(name)?;
            Some((self.known.place(at)?.name.clone(), self.area_of(at)?))
        };
        // 南山社区丽景苑 is the estate or nothing: that the community is known is not what was asked.
        let whole = |found: &Found| fold(name).replace(' ', "").ends_with(&found.written);
        own().or_else(|| self.found(name, None).filter(whole).map(|found| (found.place, found.area)))
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
        let house = |place: &str, house: &str, grid: &str| Registered {
            place: place.into(),
            house: house.into(),
            area: format!("371002001001{grid}").parse().unwrap(),
        };
        let registered = [
            house("锦绣花园", "1号楼", "003"),
            house("锦绣花园", "12号楼", "004"),
            house("望海街12号", "", "003"),
            house("望海街14号", "2号楼", "003"),
            Registered {
                place: "丽景苑".into(),
                house: "2号楼".into(),
                area: "371002001001003".parse().unwrap(),
            },
            Registered {
                place: "丽景苑".into(),
                house: "2号楼".into(),
                area: "371002002001005".parse().unwrap(),
            },
        ];
        let alias = |written: &str, place: &str, grid: &str, dropped| Alias {
            alias: written.into(),
            written: written.into(),
            place: place.into(),
            area: format!("371002001001{grid}").parse().unwrap(),
            dropped,
            id: uuid::Uuid::nil(),
            source: crate::model::AliasSource::Entered,
            cases: 0,
            at: linli_kernel::Timestamp::from_millis(0),
            by_name: String::new(),
        };
        let aliases = [
            alias("锦绣", "锦绣花园", "", false),
            alias("老渔市", "", "004", false),
            alias("大院", "锦绣花园", "", true),
        ];
        Names::of(&Atlas::new(areas, vec![], vec![], vec![]), &registered, &aliases)
    }

    #[test]
    fn the_narrowest_known_place_is_named_and_an_unknown_one_is_said_so() {
        let names = names();
        let code = |text: &str| Some(text.parse::<AreaCode>().unwrap());
        assert_eq!(
            names.named("环翠楼街道塔山社区门口", None),
            Some(("塔山社区".into(), code("371002001001")))
        );
        assert_eq!(names.named("环翠楼街道办事处旁", None), Some(("环翠楼街道".into(), code("371002001"))));
        assert_eq!(names.named("阳光花园12号楼", None), Some(("阳光花园".into(), None)));
        assert_eq!(names.named("路灯坏了", None), None);
    }

    #[test]
    fn words_stay_when_places_are_left_out() {
        let said = names().without("塔山社区阳光花园3号楼路灯坏了");
        assert!(said.contains("路灯坏了") && !said.contains("塔山") && !said.contains("阳光"), "{said}");
        assert_eq!(names().without(""), "");
    }

    #[test]
    fn estates_roads_and_houses_of_the_register_are_known_and_so_is_how_people_say_them() {
        let names = names();
        let code = |grid: &str| Some(format!("371002001001{grid}").parse::<AreaCode>().unwrap());
        assert_eq!(names.named("锦绣花园停水了", None), Some(("锦绣花园".into(), code(""))));
        assert_eq!(names.named("锦绣花园 12栋停水了", None), Some(("锦绣花园12栋".into(), code("004"))));
        assert_eq!(names.named("锦绣1号楼停水了", None), Some(("锦绣1号楼".into(), code("003"))));
        assert_eq!(names.named("锦绣花园99号楼停水了", None), Some(("锦绣花园".into(), code(""))));
        assert_eq!(names.named("望海街14号门前积水", None), Some(("望海街14号".into(), code("003"))));
        assert_eq!(names.named("老渔市旁边积水", None), Some(("老渔市".into(), code("004"))));
        assert_eq!(names.named("大院门口积水", None), None, "a name that was struck out is not read");
        assert_eq!(names.resolve("锦绣"), Some(("锦绣花园".into(), code("").unwrap())));
        assert_eq!(names.named("塔山社区丽景苑2号楼漏水", None), Some(("丽景苑2号楼".into(), code("003"))));
        assert_eq!(names.resolve("塔山社区丽景苑"), Some(("丽景苑".into(), code("003").unwrap())));
        assert_eq!(names.resolve("塔山社区没有的苑"), None);
        let mention = &names.within("锦绣门口")[0];
        assert_eq!(names.canonical(mention), "锦绣花园");
    }

    #[test]
    fn a_name_that_stands_all_over_the_district_is_where_the_case_is_or_nowhere() {
        let one = |area: &str| Registered {
            place: "和平里".into(),
            house: "1号楼".into(),
            area: area.parse().unwrap(),
        };
        let names = Names::of(
            &Atlas::new(vec![], vec![], vec![], vec![]),
            &[one("371002001001001"), one("371002002001001")],
            &[],
        );
        assert_eq!(names.named("和平里停水", None), Some(("和平里".into(), None)));
        let street = "371002002".parse().unwrap();
        let grid: AreaCode = "371002002001001".parse().unwrap();
        assert_eq!(names.named("和平里停水", Some(&street)), Some(("和平里".into(), Some(grid))));
    }
}
