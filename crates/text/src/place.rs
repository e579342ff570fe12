//! Place names in what people write (地名识别).
//!
//! Known names come from the district's [`Gazetteer`]: roads, communities, estates, buildings with
//! their grid and the names people really use (aliases, learned or entered by hand). What is not in it
//! is found by the way place names end — 路 街 巷 小区 花园 广场 村 号楼 — and is said to be unknown, so that
//! someone can add it.
//!
//! Invariants: mentions do not overlap; the longest known name wins; positions are in characters of
//! the folded text. Cost: the text's length times the longest known name.

use std::collections::{BTreeMap, HashMap};

use crate::normalise::{fold, is_han};

/// What kind of place a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PlaceKind {
    /// 路 街 巷 大道.
    Road,
    /// 小区 花园 苑 公寓 and the like.
    Estate,
    /// 社区 村 街道 镇.
    Community,
    /// 广场 公园 市场 车站 学校 医院.
    Site,
    /// 12号楼 3栋 2单元.
    Building,
}

const ENDINGS: &[(&str, PlaceKind)] = &[
    ("大道", PlaceKind::Road),
    ("街道", PlaceKind::Community),
    ("社区", PlaceKind::Community),
    ("小区", PlaceKind::Estate),
    ("花园", PlaceKind::Estate),
    ("新城", PlaceKind::Estate),
    ("公寓", PlaceKind::Estate),
    ("家园", PlaceKind::Estate),
    ("名苑", PlaceKind::Estate),
    ("公馆", PlaceKind::Estate),
    ("广场", PlaceKind::Site),
    ("公园", PlaceKind::Site),
    ("市场", PlaceKind::Site),
    ("学校", PlaceKind::Site),
    ("中学", PlaceKind::Site),
    ("小学", PlaceKind::Site),
    ("学院", PlaceKind::Site),
    ("大学", PlaceKind::Site),
    ("医院", PlaceKind::Site),
    ("车站", PlaceKind::Site),
    ("大厦", PlaceKind::Site),
    ("幼儿园", PlaceKind::Site),
    ("号楼", PlaceKind::Building),
    ("单元", PlaceKind::Building),
    ("栋", PlaceKind::Building),
    ("路", PlaceKind::Road),
    ("街", PlaceKind::Road),
    ("巷", PlaceKind::Road),
    ("苑", PlaceKind::Estate),
    ("村", PlaceKind::Community),
    ("镇", PlaceKind::Community),
    ("府", PlaceKind::Estate),
    ("城", PlaceKind::Estate),
    ("湾", PlaceKind::Estate),
];

/// Words that end in a place's ending and are none.
const NOT_PLACES: &[&str] = &[
    "道路",
    "马路",
    "公路",
    "铁路",
    "线路",
    "电路",
    "网路",
    "走路",
    "修路",
    "问路",
    "一路",
    "思路",
    "出路",
    "水路",
    "路路",
    "逛街",
    "上街",
    "本村",
    "农村",
    "全村",
    "我村",
    "该村",
    "乡村",
    "新农村",
    "政府",
    "市政府",
    "县政府",
    "区政府",
    "进城",
    "县城",
    "全城",
    "省城",
    "商城",
    "长城",
    "本小区",
    "我们小区",
    "该小区",
    "小区",
    "社区",
    "街道",
    "本镇",
    "全镇",
    "乡镇",
    "城镇",
    "村镇",
    "市场",
    "广场",
    "学校",
    "医院",
    "公园",
    "花园",
    "中学",
    "小学",
    "大学",
    "学院",
    "车站",
    "家园",
    "公寓",
    "新城",
    "大道",
    "大厦",
    "幼儿园",
    "老旧小区",
    "房地产市场",
];

/// Characters before which a name cannot have begun.
const BREAKS: &str = "的在是和与及到从于住我你他们这那个位对把被让请向往去来有无没不了就为因此等市区县省处里内外上下前后边旁将给";

/// Whether a short piece of text ends like a place name.
#[must_use]
pub fn looks_like_place(piece: &str) -> bool {
    ENDINGS.iter().any(|(e, _)| piece.ends_with(e)) && !NOT_PLACES.contains(&piece)
}

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
    longest: usize,
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
        self.longest = self.longest.max(name.chars().count());
        self.names.entry(name).or_insert(at);
    }

    /// Another name for a known place; a later one replaces an earlier one of the same spelling.
    pub fn add_alias(&mut self, alias: &str, place: usize) {
        if place < self.places.len() {
            let folded = fold(alias);
            self.longest = self.longest.max(folded.chars().count());
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

    /// Learns names people use: unknown mentions that cases of one known place carry at least
    /// `times` times and cases of no other place do.
    pub fn learn_aliases<'a>(
        &mut self,
        cases: impl IntoIterator<Item = (&'a str, usize)>,
        times: usize,
    ) -> Vec<(String, usize)> {
        let mut seen: BTreeMap<String, BTreeMap<usize, usize>> = BTreeMap::new();
        for (text, place) in cases {
            for mention in self.find(text) {
                if mention.place.is_none() && mention.kind != PlaceKind::Building {
                    *seen.entry(mention.written).or_default().entry(place).or_default() += 1;
                }
            }
        }
        let learned: Vec<(String, usize)> = seen
            .into_iter()
            .filter_map(|(name, places)| {
                let (&place, &n) = places.iter().next()?;
                (places.len() == 1 && n >= times && place < self.places.len()).then_some((name, place))
            })
            .collect();
        for (name, place) in &learned {
            self.add_alias(name, *place);
        }
        learned
    }

    /// A place by its number.
    pub fn place(&self, number: usize) -> Option<&Place> {
        self.places.get(number)
    }

    /// The place of exactly this name or alias.
    #[must_use]
    pub fn resolve(&self, name: &str) -> Option<usize> {
        self.names.get(&fold(name)).or_else(|| self.names.get(&core_name(name))).copied()
    }

    /// All names in a text, known and unknown, in the order they stand.
    #[must_use]
    pub fn find(&self, text: &str) -> Vec<Mention> {
        let chars: Vec<char> = fold(text).chars().collect();
        let mut out: Vec<Mention> = Vec::new();
        let mut taken = vec![false; chars.len()];
        let mut at = 0;
        while at < chars.len() {
            let known = (2..=self.longest.min(chars.len() - at)).rev().find_map(|length| {
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
            if let Some(mention) = unknown(&chars, &taken, end) {
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

/// An unknown name whose last character is at `end`.
fn unknown(chars: &[char], taken: &[bool], end: usize) -> Option<Mention> {
    let (ending, kind) = ENDINGS.iter().find(|(e, _)| {
        let n = e.chars().count();
        end + 1 >= n && chars[end + 1 - n..=end].iter().copied().eq(e.chars())
    })?;
    let tail = ending.chars().count();
    let stem = end + 1 - tail;
    // A longer ending that closes just after this one is the one to use (街 in 街道).
    if let Some(&next) = chars.get(end + 1) {
        let longer: String = [chars[end], next].iter().collect();
        if ENDINGS.iter().any(|(e, _)| *e == longer) {
            return None;
        }
    }
    let mut start = stem;
    while start > 0 && stem - start < 6 {
        let c = chars[start - 1];
        let fits = if *kind == PlaceKind::Building {
            c.is_ascii_alphanumeric()
        } else {
            is_han(c) && !BREAKS.contains(c)
        };
        if !fits || taken[start - 1] {
            break;
        }
        start -= 1;
    }
    let least = if *kind == PlaceKind::Building { 1 } else { 2 - usize::from(tail == 1) };
    if stem - start < least || taken[start..=end].contains(&true) {
        return None;
    }
    let written: String = chars[start..=end].iter().collect();
    if NOT_PLACES.iter().any(|n| {
        written == *n
            || (n.chars().count() > tail && written.ends_with(n) && stem - start <= n.chars().count())
    }) {
        return None;
    }
    Some(Mention { written, start, kind: *kind, place: None })
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
    fn aliases_can_be_learned_and_forgotten() {
        let mut g = names();
        let cases = [("望海苑停水", 2), ("望海苑又停水", 2), ("光明路堵", 2), ("光明路堵", 0)];
        assert_eq!(g.learn_aliases(cases, 2), [("望海苑".to_owned(), 2)]);
        assert_eq!(g.resolve("望海苑"), Some(2));
        g.remove_alias("望海苑");
        assert_eq!(g.resolve("望海苑"), None);
        g.remove_alias("统一路");
        assert_eq!(g.resolve("统一路"), Some(0));
    }
}
