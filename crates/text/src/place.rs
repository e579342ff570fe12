//! Place names in what people write (地名识别).
//!
//! Known names come from the district's [`Gazetteer`]: roads, communities, estates, buildings with
//! their grid and the names people really use (aliases, learned or entered by hand). What is not in it
//! is found by the way place names end — 路 街 巷 小区 花园 广场 村 号楼 — and is said to be unknown, so that
//! someone can add it.
//!
//! Invariants: mentions do not overlap; the longest known name wins; positions are in characters of
//! the folded text. Cost: one look-up per character, and the names that begin with two of them.

mod endings;

use std::collections::HashMap;

pub use endings::{PlaceKind, looks_like_place};

use crate::normalise::fold;

/// One place of the district.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The official name.
    pub name: String,
    /// The grid it lies in, when one.
    pub grid: Option<String>,
    /// What it is.
    pub kind: PlaceKind,
}

/// A name found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// As written, folded.
    pub written: String,
    /// First character in the folded text.
    pub start: usize,
    /// What it is.
    pub kind: PlaceKind,
    /// Number of the place in the gazetteer; `None` says: unknown place.
    pub place: Option<usize>,
}

/// The district's names of places.
///
/// ```
/// use linli_text::{Gazetteer, Place, PlaceKind};
/// let mut names = Gazetteer::default();
/// let estate = names.add(Place { name: "古陌岭小区".into(), grid: Some("G07".into()), kind: PlaceKind::Estate });
/// names.add_alias("古陌岭", estate);
/// let found = names.find("古陌岭3号楼旁边，海滨北路的路灯坏了");
/// assert_eq!(found[0].place, Some(estate));
/// assert!(found.iter().any(|m| m.written == "海滨北路" && m.place.is_none()));
/// assert_eq!(names.grid("古陌岭3号楼旁边"), Some("G07"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gazetteer {
    places: Vec<Place>,
    names: HashMap<String, usize>,
    /// The longest name that begins with these two characters: nothing else is looked up.
    starts: HashMap<(char, char), usize>,
}

/// The core of a name: folded, without the town before it and the general word after it.
#[must_use]
pub fn core_name(name: &str) -> String {
    let folded: String = fold(name).chars().filter(|c| *c != ' ').collect();
    let mut core = folded.as_str();
    for ending in ["居民小区", "住宅小区", "小区", "社区居委会", "居委会", "社区", "村委会", "村民委员会"]
    {
        if let Some(short) = core.strip_suffix(ending)
            && short.chars().count() >= 2
        {
            core = short;
            break;
        }
    }
    core.to_owned()
}

impl Gazetteer {
    /// Adds a place under its name and the core of it; answers its number.
    pub fn add(&mut self, place: Place) -> usize {
        let at = self.places.len();
        let (full, core) = (fold(&place.name), core_name(&place.name));
        self.places.push(place);
        self.name(full, at);
        if core.chars().count() >= 3 {
            self.name(core, at);
        }
        at
    }

    fn name(&mut self, name: String, at: usize) {
        self.begins(&name);
        self.names.entry(name).or_insert(at);
    }

    fn begins(&mut self, name: &str) {
        let mut chars = name.chars();
        if let (Some(first), Some(second)) = (chars.next(), chars.next()) {
            let longest = self.starts.entry((first, second)).or_default();
            *longest = (*longest).max(name.chars().count());
        }
    }

    /// Another name for a known place; a later one replaces an earlier one of the same spelling.
    pub fn add_alias(&mut self, alias: &str, place: usize) {
        if place < self.places.len() {
            let folded = fold(alias);
            self.begins(&folded);
            self.names.insert(folded, place);
        }
    }

    /// Forgets another name; the official name stays.
    pub fn remove_alias(&mut self, alias: &str) {
        let folded = fold(alias);
        if self.names.get(&folded).is_some_and(|&at| fold(&self.places[at].name) != folded) {
            self.names.remove(&folded);
        }
    }

    /// The names in a text that it does not know, each once: what could be learned when the case's place is known.
    #[must_use]
    pub fn unknown(&self, text: &str) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for mention in self.find(text) {
            if mention.place.is_none()
                && mention.kind != PlaceKind::Building
                && !names.contains(&mention.written)
            {
                names.push(mention.written);
            }
        }
        names
    }

    /// How many places it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// A place by its number.
    pub fn place(&self, number: usize) -> Option<&Place> {
        self.places.get(number)
    }

    /// The place of this name or alias as it is spelt.
    #[must_use]
    pub fn exact(&self, name: &str) -> Option<usize> {
        self.names.get(&fold(name)).copied()
    }

    /// The place of this name or alias, with or without the general word after it.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<usize> {
        self.exact(name).or_else(|| self.names.get(&core_name(name)).copied())
    }

    /// All names in a text, known and unknown, in the order they stand.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Mention> {
        let chars: Vec<char> = fold(text).chars().collect();
        let mut out: Vec<Mention> = Vec::new();
        let mut taken = vec![false; chars.len()];
        let mut at = 0;
        while at < chars.len() {
            let next = chars.get(at + 1).copied().unwrap_or(' ');
            let longest = self.starts.get(&(chars[at], next)).copied().unwrap_or(0);
            let known = (2..=longest.min(chars.len() - at)).rev().find_map(|length| {
                let piece: String = chars[at..at + length].iter().collect();
                self.names.get(&piece).map(|&place| (length, piece, place))
            });
            if let Some((length, written, place)) = known {
                out.push(Mention { written, start: at, kind: self.places[place].kind, place: Some(place) });
                taken[at..at + length].fill(true);
                at += length;
            } else {
                at += 1;
            }
        }
        for end in 0..chars.len() {
            if let Some(mention) = endings::unknown(&chars, &taken, end) {
                taken[mention.start..=end].fill(true);
                out.push(mention);
            }
        }
        out.sort_by_key(|m| m.start);
        out
    }

    /// The grid of the first known place with one: what to propose for the case.
    #[must_use]
    pub fn grid(&self, text: &str) -> Option<&str> {
        self.find(text).into_iter().find_map(|m| self.places.get(m.place?)?.grid.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Gazetteer {
        let mut g = Gazetteer::default();
        g.add(Place { name: "统一路".into(), grid: Some("G1".into()), kind: PlaceKind::Road });
        g.add(Place { name: "塔山社区".into(), grid: Some("G2".into()), kind: PlaceKind::Community });
        let e = g.add(Place { name: "海悦花园".into(), grid: None, kind: PlaceKind::Estate });
        g.add_alias("海悦", e);
        g
    }

    #[test]
    fn known_names_and_aliases_resolve_and_the_longest_wins() {
        let g = names();
        let found = g.find("统一路和海悦花园之间，海悦门口");
        let places: Vec<Option<usize>> = found.iter().map(|m| m.place).collect();
        assert_eq!(places, [Some(0), Some(2), Some(2)]);
        assert_eq!(found[1].written, "海悦花园");
        assert_eq!(g.resolve("海悦花园小区"), Some(2));
        assert_eq!(g.grid("在塔山社区门前"), Some("G2"));
        assert_eq!(g.grid("在某处"), None);
    }

    #[test]
    fn unknown_places_are_said_so_and_common_words_are_none() {
        let g = names();
        let found = g.find("住在阳光花园12号楼，旁边的道路和马路都坏了，向政府反映");
        let written: Vec<&str> = found.iter().map(|m| m.written.as_str()).collect();
        assert_eq!(written, ["阳光花园", "12号楼"]);
        assert!(found.iter().all(|m| m.place.is_none()));
    }

    #[test]
    fn aliases_can_be_entered_and_forgotten() {
        let mut g = names();
        assert_eq!(g.unknown("望海苑停水，望海苑3号楼和统一路也停了"), ["望海苑"]);
        g.add_alias("望海苑", 2);
        assert!(g.unknown("望海苑停水").is_empty());
        assert_eq!(g.resolve("望海苑"), Some(2));
        g.remove_alias("望海苑");
        assert_eq!(g.resolve("望海苑"), None);
        g.remove_alias("统一路");
        assert_eq!(g.resolve("统一路"), Some(0));
    }
}
