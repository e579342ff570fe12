//! How names of places end (地名后缀): 路 街 巷 小区 花园 广场 村 号楼, and the words that only look like one.

use super::Mention;
use crate::normalise::is_han;

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

impl PlaceKind {
    /// What a name says of itself by its ending.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        ENDINGS.iter().find(|(ending, _)| name.ends_with(ending)).map(|&(_, kind)| kind)
    }
}

/// Whether a short piece of text ends like a place name.
#[must_use]
pub fn looks_like_place(piece: &str) -> bool {
    PlaceKind::of(piece).is_some() && !NOT_PLACES.contains(&piece)
}

/// An unknown name whose last character is at `end`.
pub(super) fn unknown(chars: &[char], taken: &[bool], end: usize) -> Option<Mention> {
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
