//! Names and numbers of people who do not exist.

use crate::rng::Dice;

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "于", "孙", "丛", "宋", "毕", "邹", "姜", "曲", "林", "董", "吕", "周", "徐",
    "鞠", "陈", "杨", "赵", "谷", "隋", "苗", "戚", "夏", "侯", "苏", "梁", "邵", "高", "马", "郭", "车",
    "唐", "许",
];
const FIRST: &[&str] = &[
    "晓", "海", "文", "建", "玉", "春", "丽", "志", "国", "秀", "明", "永", "雅", "子", "思", "宏", "静",
    "庆", "新", "佳", "嘉", "立", "光", "月", "福", "",
];
const SECOND: &[&str] = &[
    "平", "燕", "涛", "娟", "军", "霞", "波", "玲", "强", "萍", "鹏", "敏", "峰", "华", "杰", "芳", "宁",
    "琳", "刚", "艳", "亮", "慧", "阳", "梅", "超", "洁", "凯", "荣", "勇", "妍",
];

/// A name of two or three characters.
pub(crate) fn person(rng: &mut Dice) -> String {
    format!("{}{}{}", rng.word(SURNAMES), rng.word(FIRST), rng.word(SECOND))
}

/// A surname.
pub(crate) fn surname(rng: &mut Dice) -> &'static str {
    rng.pick(SURNAMES).copied().unwrap_or("王")
}

/// A given name of one or two characters.
pub(crate) fn given(rng: &mut Dice) -> String {
    format!("{}{}", rng.word(FIRST), rng.word(SECOND))
}

/// A mobile number that no network gives out: mobile numbers begin with 13 to 19.
pub(crate) fn mobile(nth: usize) -> String {
    format!("100{:08}", nth % 100_000_000)
}

/// A landline that no exchange gives out: no local number begins with 0.
pub(crate) fn landline(nth: usize) -> String {
    format!("06310{:06}", nth % 1_000_000)
}

const ESTATE_HEAD: &[&str] = &[
    "锦绣", "阳光", "碧海", "金色", "丽景", "和谐", "幸福", "翰林", "观澜", "世纪", "枫林", "海棠", "银杏",
    "松涛", "向阳", "康宁", "明月", "听海", "书香", "嘉和",
];
const ESTATE_TAIL: &[&str] = &["花园", "家园", "小区", "苑", "新村", "名居", "公寓", "里"];
/// The estate of the `nth` grid of a community; neighbours differ.
pub(crate) fn estate(community: usize, nth: usize) -> String {
    let head = ESTATE_HEAD.get((community + nth) % ESTATE_HEAD.len()).copied().unwrap_or_default();
    let tail = ESTATE_TAIL.get((community / 7 + nth) % ESTATE_TAIL.len()).copied().unwrap_or_default();
    format!("{head}{tail}")
}

/// A part of a village.
pub(crate) fn direction(nth: usize) -> &'static str {
    ["东", "西", "南", "北", "中", "前", "后"].get(nth % 7).copied().unwrap_or_default()
}

const ROADS: &[&str] = &[
    "示范一路",
    "示范二路",
    "望海街",
    "学府街",
    "松林路",
    "渔港路",
    "工业一路",
    "环山路",
    "花园北路",
    "花园南路",
    "海滨支路",
    "柳林街",
    "石桥路",
    "新建街",
    "果园路",
    "河东路",
    "河西路",
    "灯塔路",
];
const VILLAGE_SPOTS: &[&str] = &[
    "村委会门前",
    "村东头",
    "村西水塘边",
    "村南果园路口",
    "村北桥头",
    "文化广场",
    "老井旁",
    "主街中段",
    "卫生室门口",
];
const DEDICATED_SPOTS: &[&str] = &[
    "一号楼大厅",
    "东门",
    "西门",
    "地下停车场",
    "食堂附近",
    "二期厂房旁",
    "摊位通道",
    "卸货区",
    "写字楼B座",
];

/// Where in a grid something is, in words.
pub(crate) fn address(rng: &mut Dice, area: &str, grid: &str, setting: Setting) -> String {
    match setting {
        Setting::Village => format!("{area}{}", rng.word(VILLAGE_SPOTS)),
        Setting::Dedicated => format!("{area}{grid}{}", rng.word(DEDICATED_SPOTS)),
        Setting::Street => format!("{area}{}{}号附近", rng.word(ROADS), 1 + rng.below(180)),
        Setting::Estate => {
            let (head, tail) = (rng.word(ESTATE_HEAD), rng.word(ESTATE_TAIL));
            let (house, unit) = (1 + rng.below(28), 1 + rng.below(4));
            match rng.below(3) {
                0 => format!("{area}{head}{tail}{house}号楼{unit}单元"),
                1 => format!("{area}{head}{tail}{house}号楼前"),
                _ => format!("{area}{head}{tail}{}门", rng.word(&["东", "西", "南", "北"])),
            }
        }
    }
}

/// The kind of place that an address tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// Homes in blocks.
    Estate,
    /// Along a road.
    Street,
    /// A village.
    Village,
    /// A market, campus, park.
    Dedicated,
}

#[cfg(test)]
mod tests {
    use super::*;
    use linli_kernel::person::parse_phone;

    #[test]
    fn numbers_read_as_numbers_and_belong_to_nobody() {
        assert_eq!(parse_phone(&mobile(786)).as_deref(), Some("10000000786"));
        assert_eq!(parse_phone(&landline(12)).as_deref(), Some("06310000012"));
    }
}
