//! Addresses (地址): taken apart into place, house, staircase and door, and one form for what is one address.

use linli_kernel::{AreaCode, area::AreaLevel, text::normalise};

/// An address in its parts, each in its usual form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// 小区, or 街路巷 and number: 锦绣花园, 望海街12号.
    pub place: String,
    /// 楼栋: 3号楼; empty for a house by itself.
    pub building: String,
    /// 单元: 2单元.
    pub unit: Option<String>,
    /// 户: 501; empty where the house is the dwelling.
    pub door: String,
}

impl Address {
    /// Takes a written address apart; what cannot be told apart stays in `place`.
    pub fn parse(text: &str) -> Self {
        let text = arabic(&normalise(text).replace([' ', ',', '，', '、'], ""));
        let text = without_region(&text);
        let (rest, door) = cut_door(text);
        let (rest, unit) = cut_numbered(rest, &["单元"]);
        let (rest, building) = cut_numbered(rest, &["号楼", "栋", "幢", "楼", "座"]);
        if let (None, None, Some((place, parts))) = (&building, &unit, dashes(text)) {
            return Self {
                place: place.to_owned(),
                building: format!("{}号楼", parts[0]),
                unit: (parts.len() == 3).then(|| format!("{}单元", parts[1])),
                door: parts.last().copied().unwrap_or_default().to_owned(),
            };
        }
        Self {
            place: rest.to_owned(),
            building: building.map(|n| format!("{n}号楼")).unwrap_or_default(),
            unit: unit.map(|n| format!("{n}单元")),
            door: door.unwrap_or_default().to_owned(),
        }
    }

    /// Puts an address together from the columns or questions in which its parts were asked: 3 is 3号楼 there.
    pub fn of_parts(place: &str, building: &str, unit: &str, door: &str) -> Self {
        let part = |text: &str, word: &str| {
            let text = normalise(text);
            let plain = !text.is_empty() && text.chars().all(char::is_alphanumeric) && text.is_ascii();
            if plain { format!("{text}{word}") } else { text }
        };
        let unit = unit_form(unit).unwrap_or_default();
        Self::parse(&[part(place, ""), part(building, "号楼"), unit, part(door, "")].concat())
    }

    /// As it stands on an envelope: 锦绣花园3号楼2单元501.
    pub fn text(&self) -> String {
        let unit = self.unit.as_deref().and_then(unit_form).unwrap_or_default();
        format!("{}{}{unit}{}", self.place, self.building, self.door)
    }

    /// 501 is on the fifth floor, 1203 on the twelfth.
    pub fn floor(&self) -> Option<i64> {
        let digits: String = self.door.chars().take_while(char::is_ascii_digit).collect();
        let floor = digits.len().checked_sub(2).filter(|n| (1..=2).contains(n))?;
        digits[..floor].parse().ok().filter(|n| *n > 0)
    }
}

/// The usual form of a staircase's name: 1, １, 一单元, 1 单元 and 第1单元 are 1单元. A bare number before a door would be
/// read as one number with it: 1 and 201 as 1201. Other names stay as they are; nothing is no staircase.
pub fn unit_form(text: &str) -> Option<String> {
    let plain = normalise(text).replace(' ', "");
    let bare = plain.strip_suffix("单元").unwrap_or(&plain);
    let bare = bare.strip_prefix("第").or_else(|| bare.strip_prefix("unit")).unwrap_or(bare);
    let bare = arabic(&format!("{}单元", bare.strip_suffix('号').unwrap_or(bare)));
    let name = bare.strip_suffix("单元").unwrap_or_default();
    let numbered = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric());
    // 东, 甲: one sign is a staircase's name too.
    let sided = name.chars().count() == 1;
    if numbered || sided { Some(bare) } else { Some(plain).filter(|plain| !plain.is_empty()) }
}

/// What makes two written addresses one: the community and the parts in their usual form.
pub fn address_key(area: &AreaCode, text: &str) -> String {
    let community = area.at(AreaLevel::Community).unwrap_or_else(|| area.clone());
    format!("{community} {}", Address::parse(text).text())
}

/// 三号楼 is 3号楼, 二十一 is 21; only before the words of houses, so that 三里屯 keeps its name.
fn arabic(text: &str) -> String {
    const WORDS: &[&str] = &["号", "栋", "幢", "座", "单元", "楼", "室", "户", "层"];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let run: String = rest.chars().take_while(|c| "〇零一二三四五六七八九十".contains(*c)).collect();
        let after = &rest[run.len()..];
        if !run.is_empty() && WORDS.iter().any(|word| after.starts_with(word)) {
            out.push_str(&number(&run));
            rest = after;
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out.replace('#', "号")
}

fn number(han: &str) -> String {
    let digit = |c: char| {
        "〇一二三四五六七八九".chars().position(|d| d == c).or((c == '零').then_some(0)).unwrap_or(0)
    };
    match han.split_once('十') {
        Some((tens, ones)) => {
            let tens = tens.chars().next().map_or(1, digit);
            let ones = ones.chars().next().map_or(0, digit);
            (tens * 10 + ones).to_string()
        }
        None => han.chars().map(|c| digit(c).to_string()).collect(),
    }
}

/// 山东省威海市环翠区 before an address says nothing here.
fn without_region(text: &str) -> &str {
    let mut rest = text;
    for end in ["省", "市", "区", "县"] {
        if let Some(at) = rest.find(end)
            && (2..=6).contains(&rest[..at].chars().count())
            && !rest[..at].ends_with(['小', '社', '园', '厂', '新'])
        {
            rest = &rest[at + end.len()..];
        }
    }
    if rest.is_empty() { text } else { rest }
}

/// The door at the end: 501室, 501户, 东户, 501.
fn cut_door(text: &str) -> (&str, Option<&str>) {
    let bare = ["室", "户", "号房", "房"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
    let digits = bare.bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
    if digits > 0 {
        let (head, door) = bare.split_at(bare.len() - digits);
        // 12号楼 and 望海街12号 end in no door.
        return if head.is_empty() || head.ends_with('-') { (text, None) } else { (head, Some(door)) };
    }
    let sided = bare.len() < text.len() && bare.ends_with(['东', '西', '南', '北', '中']);
    match bare.char_indices().last() {
        Some((at, _)) if sided => (&bare[..at], Some(&bare[at..])),
        _ => (text, None),
    }
}

/// `…3号楼` gives `…` and `3`.
fn cut_numbered<'t>(text: &'t str, words: &[&str]) -> (&'t str, Option<&'t str>) {
    for word in words {
        let Some(head) = text.strip_suffix(word) else { continue };
        let count = head.bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
        if count > 0 {
            let (rest, n) = head.split_at(head.len() - count);
            return (rest, Some(n));
        }
    }
    (text, None)
}

/// 锦绣花园3-2-501.
fn dashes(text: &str) -> Option<(&str, Vec<&str>)> {
    let tail = text.bytes().rev().take_while(|b| b.is_ascii_alphanumeric() || *b == b'-').count();
    let (place, numbers) = text.split_at(text.len() - tail);
    let parts: Vec<&str> = numbers.split('-').collect();
    let sound = !place.is_empty() && matches!(parts.len(), 2 | 3) && parts.iter().all(|p| !p.is_empty());
    sound.then_some((place, parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(text: &str) -> (String, String, Option<String>, String) {
        let a = Address::parse(text);
        (a.place, a.building, a.unit, a.door)
    }

    #[test]
    fn addresses_as_people_write_them() {
        let flat = ("锦绣花园".to_owned(), "3号楼".to_owned(), Some("2单元".to_owned()), "501".to_owned());
        for text in [
            "锦绣花园3号楼2单元501",
            "锦绣花园三号楼二单元501室",
            "锦绣花园 3栋 2单元 501户",
            "锦绣花园３幢２单元５０１",
            "山东省威海市环翠区锦绣花园3号楼2单元501",
            "锦绣花园3#楼2单元501",
            "锦绣花园3-2-501",
            "威海市锦绣花园3号楼，2单元，501室",
        ] {
            assert_eq!(parts(text), flat, "{text}");
        }
        assert_eq!(parts("望海街12号"), ("望海街12号".into(), String::new(), None, String::new()));
        assert_eq!(parts("锦绣花园12号楼"), ("锦绣花园".into(), "12号楼".into(), None, String::new()));
        assert_eq!(parts("明珠大厦B座1203"), ("明珠大厦".into(), "b号楼".into(), None, "1203".into()));
        assert_eq!(parts("桥头村东户").3, "东");
        assert_eq!(parts("三里新村二十一号楼1单元102").1, "21号楼");
        assert_eq!(parts("三里新村21号楼1单元102").0, "三里新村");
    }

    #[test]
    fn staircases_as_people_write_them() {
        for text in ["1", "１", "一", "一单元", "1单元", "1 单元", "１ 单元", "第1单元", "1号单元", "Unit 1"]
        {
            assert_eq!(unit_form(text).as_deref(), Some("1单元"), "{text}");
        }
        let form = |text: &str| unit_form(text).unwrap_or_default();
        assert_eq!(
            (form("十一"), form("A"), form("东"), form("东单元")),
            ("11单元".into(), "a单元".into(), "东单元".into(), "东单元".into())
        );
        assert_eq!((form("东门"), form(" "), form("单元")), ("东门".into(), String::new(), "单元".into()));
        // One staircase and door are never another's.
        let key = |unit: &str, door: &str| {
            let house =
                Address { place: "电子街8号".into(), building: "1号楼".into(), ..Address::default() };
            let text = Address { unit: Some(unit.into()), door: door.into(), ..house }.text();
            address_key(&"371002001001001".parse().unwrap(), &text)
        };
        assert_eq!(key("1", "201"), "371002001001 电子街8号1号楼1单元201");
        assert_ne!(key("1", "1201"), key("11", "201"));
        assert_eq!(key("1", "201"), key("一单元", "201"));
    }

    #[test]
    fn floors_from_doors() {
        let floor = |door: &str| Address { door: door.into(), ..Address::default() }.floor();
        assert_eq!(
            (floor("501"), floor("1203"), floor("12"), floor("东"), floor("0501")),
            (Some(5), Some(12), None, None, Some(5))
        );
    }

    proptest! {
        /// The usual form of an address is its own usual form.
        #[test]
        fn the_usual_form_stays(place in "[锦绣花园海街里]{2,6}", house in 1..40_u32, unit in 1..6_u32, door in 101..2805_u32) {
            let text = format!("{place}{house}号楼{unit}单元{door}");
            let once = Address::parse(&text);
            prop_assert_eq!(once.text(), text);
            prop_assert_eq!(Address::parse(&once.text()), once);
        }

        #[test]
        fn nothing_breaks_it(text in "\\PC{0,30}") {
            let once = Address::parse(&text).text();
            prop_assert_eq!(Address::parse(&once).text(), once);
        }
    }
}
