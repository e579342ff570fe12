//! The words by which people and homes are found (检索词), and what a search asks for.

use linli_kernel::{
    AreaCode,
    area::AreaLevel,
    text::{self, Term},
};

use super::Address;

/// Areas as words: a search in one community asks for its word too. A district's needs none.
fn area_words(area: &AreaCode) -> impl Iterator<Item = String> {
    [AreaLevel::Street, AreaLevel::Community, AreaLevel::Grid]
        .into_iter()
        .filter_map(|level| area.at(level))
        .map(|code| format!("z{code}"))
}

/// The word that everything in `area` has; none for a whole district.
pub fn area_term(area: &AreaCode) -> Option<Term> {
    (area.level() != AreaLevel::District).then(|| Term::Phrase(vec![format!("z{area}")]))
}

/// The words of a person's name: each character, each pair, and the pinyin initials from the first on, so
/// that 小, 小明, wx and wxm all are whole words. No search has to try all words with a beginning.
pub fn person_words(name: &str, area: &AreaCode) -> String {
    let mut words: Vec<String> = Vec::with_capacity(16);
    let plain = text::normalise(name);
    let chars: Vec<char> = plain.chars().collect();
    words.extend(chars.iter().filter(|c| text::is_han(**c)).map(char::to_string));
    words.extend(
        chars.windows(2).filter(|p| p.iter().all(|c| text::is_han(*c))).map(|pair| pair.iter().collect()),
    );
    let latin: Vec<&str> =
        plain.split(|c: char| !c.is_alphanumeric() || text::is_han(c)).filter(|w| !w.is_empty()).collect();
    let initials = text::name_initials(name);
    for word in latin.iter().copied().chain([initials.as_str()]) {
        let ends = word.char_indices().map(|(at, c)| at + c.len_utf8());
        words.extend(ends.clone().take(2).map(|end| word[..end].to_owned()));
        words.push(word.to_owned());
    }
    // People type the initials of the given name too.
    if let Some((at, _)) = initials.char_indices().nth(1).filter(|_| latin.is_empty()) {
        words.push(initials[at..].to_owned());
    }
    words.extend(area_words(area));
    words.sort();
    words.dedup();
    words.join(" ")
}

/// What a search for part of a name, or for initials, asks for; nothing if nothing can be asked.
pub fn person_query(typed: &str) -> Vec<Term> {
    let plain = text::normalise(typed);
    let mut terms = Vec::new();
    let mut rest = plain.as_str();
    while let Some(first) = rest.chars().next() {
        let same = |c: char| c.is_alphanumeric() && text::is_han(c) == text::is_han(first);
        let run: String = rest.chars().take_while(|c| same(*c)).collect();
        if run.is_empty() {
            rest = &rest[first.len_utf8()..];
            continue;
        }
        rest = &rest[run.len()..];
        let chars: Vec<char> = run.chars().collect();
        match chars.len() {
            _ if !text::is_han(first) && chars.len() > 2 => terms.push(Term::Prefix(run)),
            1 => terms.push(Term::Phrase(vec![run])),
            2 if !text::is_han(first) => terms.push(Term::Phrase(vec![run])),
            _ => terms.extend(chars.windows(2).map(|pair| Term::Phrase(vec![pair.iter().collect()]))),
        }
    }
    terms
}

/// The words of an address: the place in pairs, house, staircase and door whole.
pub fn address_words(address: &str, area: &AreaCode) -> String {
    let parts = Address::parse(address);
    let mut words = text::index_column([parts.place.as_str()]);
    let numbered = [Some(parts.building), parts.unit, Some(parts.door)];
    for word in numbered.into_iter().flatten().filter(|w| !w.is_empty()) {
        words.push(' ');
        words.push_str(&word);
    }
    for word in area_words(area) {
        words.push(' ');
        words.push_str(&word);
    }
    words
}

/// What a search for part of an address asks for.
pub fn address_query(typed: &str) -> Vec<Term> {
    let parts = Address::parse(typed);
    let mut terms = text::query_terms(&parts.place);
    let whole = [Some(parts.building), parts.unit];
    terms.extend(whole.into_iter().flatten().filter(|w| !w.is_empty()).map(|word| Term::Phrase(vec![word])));
    // 锦绣花园3 is the beginning of 3号楼 as well as of door 301.
    terms.extend(Some(parts.door).filter(|d| !d.is_empty()).map(Term::Prefix));
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grid() -> AreaCode {
        "371002001001005".parse().unwrap()
    }

    fn finds(words: &str, terms: &[Term]) -> bool {
        let words: Vec<&str> = words.split(' ').collect();
        !terms.is_empty()
            && terms.iter().all(|term| match term {
                Term::Phrase(phrase) => words.windows(phrase.len()).any(|w| w == phrase.as_slice()),
                Term::Prefix(prefix) => words.iter().any(|w| w.starts_with(prefix.as_str())),
            })
    }

    #[test]
    fn names_are_found_as_people_type_them() {
        let words = person_words("王小明", &grid());
        for typed in ["王小明", "王", "小明", "明", "wxm", "WX", "w", "xm", "王 明", " 王小"] {
            assert!(finds(&words, &person_query(typed)), "{typed}");
        }
        for typed in ["王明", "小王", "wm", "张", "", "。", "wxmm"] {
            assert!(!finds(&words, &person_query(typed)), "{typed}");
        }
        let words = person_words("Mary Ann Smith", &grid());
        for typed in ["mary", "Smith", "ann smi", "m", "sm"] {
            assert!(finds(&words, &person_query(typed)), "{typed}");
        }
        assert!(finds(&person_words("曾志伟", &grid()), &person_query("zzw")));
    }

    #[test]
    fn an_area_is_a_word() {
        let words = person_words("王小明", &grid());
        for code in ["371002001", "371002001001", "371002001001005"] {
            assert!(finds(&words, &[area_term(&code.parse().unwrap()).unwrap()]), "{code}");
        }
        assert!(!finds(&words, &[area_term(&"371002002".parse().unwrap()).unwrap()]));
        assert_eq!(area_term(&"371002".parse().unwrap()), None);
    }

    #[test]
    fn homes_are_found_by_parts_of_their_address() {
        let words = address_words("锦绣花园3号楼2单元501", &grid());
        for typed in [
            "锦绣",
            "绣花",
            "花园3号楼",
            "锦绣花园3",
            "3栋2单元",
            "501",
            "三号楼 2单元 501室",
            "2单元501",
            "50",
        ] {
            assert!(finds(&words, &address_query(typed)), "{typed}");
        }
        for typed in ["2号楼", "3单元", "锦花", "502", "花园5号楼", ""] {
            assert!(!finds(&words, &address_query(typed)), "{typed}");
        }
    }

    proptest! {
        #[test]
        fn every_part_of_a_name_is_found(name in "[王李丛晓海文平燕]{2,4}", from in 0_usize..4, len in 1_usize..4) {
            let chars: Vec<char> = name.chars().collect();
            let from = from.min(chars.len() - 1);
            let part: String = chars[from..(from + len).min(chars.len())].iter().collect();
            prop_assert!(finds(&person_words(&name, &grid()), &person_query(&part)), "{} in {}", part, name);
        }
    }
}
