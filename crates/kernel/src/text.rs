//! Chinese text made searchable: one normal form, bigrams for Han, whole words for the rest,
//! and the pinyin initials (拼音首字母) by which people look up names.
//!
//! Neither engine cuts Chinese well by itself: a three-letter index finds no word of two characters, and
//! the plain parser keeps a whole clause as one word. So the words are cut here, stored beside the row as a
//! space-separated column, and both engines search the very same words.

use pinyin::ToPinyin;

/// A Chinese character (the unified blocks that people type).
pub const fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}' | '〇')
}

/// One form for what looks alike: half width, lower case, single spaces.
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let c = match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            c if c.is_whitespace() => ' ',
            c if c.is_control() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{FEFF}') => continue,
            c => c,
        };
        if c == ' ' {
            if !out.is_empty() && !out.ends_with(' ') {
                out.push(' ');
            }
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[derive(Debug, PartialEq, Eq)]
enum Run {
    Han(Vec<char>),
    Word(String),
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut joined = false;
    for c in normalise(text).chars() {
        if is_han(c) {
            match runs.last_mut() {
                Some(Run::Han(run)) if joined => run.push(c),
                _ => runs.push(Run::Han(vec![c])),
            }
            joined = true;
        } else if c.is_alphanumeric() {
            match runs.last_mut() {
                Some(Run::Word(run)) if joined => run.push(c),
                _ => runs.push(Run::Word(c.to_string())),
            }
            joined = true;
        } else {
            joined = false;
        }
    }
    runs
}

/// The words under which a text is stored: `污水漫溢 3号楼` gives `污水 水漫 漫溢 溢 3 号楼 楼`.
///
/// The last character of every run stands alone too, so that a search for one character, which asks for
/// words that begin with it, also finds it at the end.
pub fn index_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in runs(text) {
        match run {
            Run::Han(chars) => {
                words.extend(chars.windows(2).map(|pair| pair.iter().collect::<String>()));
                words.extend(chars.last().map(char::to_string));
            }
            Run::Word(word) => words.push(word),
        }
    }
    words
}

/// [`index_words`] as the stored column.
pub fn index_column<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    // The bar keeps the last word of one text and the first of the next from reading as one phrase.
    texts
        .into_iter()
        .map(|text| index_words(text).join(" "))
        .filter(|t| !t.is_empty())
        .collect::<Vec<_>>()
        .join(" | ")
}

/// One thing that a search asks for; a row must have all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// These words directly after each other.
    Phrase(Vec<String>),
    /// Any word that begins so.
    Prefix(String),
}

/// What a search text asks for: Han by phrases of bigrams, numbers and Latin words by their beginning.
///
/// The terms hold letters, digits and Han only, so an engine's own query signs cannot get in.
pub fn query_terms(text: &str) -> Vec<Term> {
    runs(text)
        .into_iter()
        .map(|run| match run {
            Run::Han(chars) if chars.len() > 1 => {
                Term::Phrase(chars.windows(2).map(|pair| pair.iter().collect()).collect())
            }
            Run::Han(chars) => Term::Prefix(chars.into_iter().collect()),
            Run::Word(word) => Term::Prefix(word),
        })
        .collect()
}

/// First letters of the pinyin, Latin and digits kept: `环翠楼街道` gives `hcljd`.
pub fn initials(text: &str) -> String {
    let mut out = String::new();
    for c in normalise(text).chars() {
        if let Some(sound) = c.to_pinyin() {
            out.extend(sound.plain().chars().next().map(|letter| if letter == 'ü' { 'v' } else { letter }));
        } else if c.is_ascii_alphanumeric() {
            out.push(c);
        }
    }
    out
}

/// Initials of a person's name, where a surname may sound unlike the common word (单 shàn, 曾 zēng).
pub fn name_initials(name: &str) -> String {
    let usual = initials(name);
    let letter = match name.trim().chars().next() {
        Some('单') => 's',
        Some('曾' | '查' | '翟') => 'z',
        Some('解' | '冼') => 'x',
        Some('区') => 'o',
        Some('仇') => 'q',
        Some('朴') => 'p',
        Some('盖') => 'g',
        Some('乐' | '尉') => 'y',
        _ => return usual,
    };
    std::iter::once(letter).chain(usual.chars().skip(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|w| (*w).to_owned()).collect()
    }

    #[test]
    fn what_looks_alike_is_alike() {
        assert_eq!(normalise("　ＡＢＣ－１２３（环翠）\t\n 路灯 "), "abc-123(环翠) 路灯");
        assert_eq!(normalise("HC\u{200B}2026"), "hc2026");
    }

    #[test]
    fn han_in_pairs_and_the_rest_whole() {
        assert_eq!(index_words("污水漫溢,3号楼"), words(&["污水", "水漫", "漫溢", "溢", "3", "号楼", "楼"]));
        assert_eq!(index_words("HC20261123-000123"), words(&["hc20261123", "000123"]));
        assert_eq!(index_words("，。！"), words(&[]));
        assert_eq!(index_column(["路灯", "", "不亮"]), "路灯 灯 | 不亮 亮");
    }

    #[test]
    fn a_search_holds_no_signs_of_the_engine() {
        assert_eq!(query_terms("污水管"), [Term::Phrase(words(&["污水", "水管"]))]);
        assert_eq!(query_terms("水"), [Term::Prefix("水".into())]);
        assert_eq!(
            query_terms("路灯\" OR * NEAR(a)"),
            [
                Term::Phrase(words(&["路灯"])),
                Term::Prefix("or".into()),
                Term::Prefix("near".into()),
                Term::Prefix("a".into()),
            ]
        );
    }

    #[test]
    fn initials_as_people_type_them() {
        assert_eq!(initials("环翠楼街道"), "hcljd");
        assert_eq!(initials("12345热线"), "12345rx");
        assert_eq!(initials("绿化"), "lh");
        assert_eq!(name_initials("曾小明"), "zxm");
        assert_eq!(name_initials("单雄"), "sx");
        assert_eq!(name_initials("王小明"), "wxm");
    }

    fn finds(index: &[String], term: &Term) -> bool {
        match term {
            Term::Phrase(phrase) => index.windows(phrase.len()).any(|w| w == phrase),
            Term::Prefix(prefix) => index.iter().any(|w| w.starts_with(prefix)),
        }
    }

    proptest! {
        #[test]
        fn every_piece_of_a_run_is_found(text in "[路灯水管一二三四漏冒]{1,12}", from in 0_usize..12, len in 1_usize..12) {
            let chars: Vec<char> = text.chars().collect();
            let from = from.min(chars.len() - 1);
            let piece: String = chars[from..(from + len).min(chars.len())].iter().collect();
            let index = index_words(&text);
            for term in query_terms(&piece) {
                prop_assert!(finds(&index, &term), "{piece} in {text}");
            }
        }

        #[test]
        fn nothing_else_is_found(text in "[路灯水管漏]{1,10}", piece in "[路灯水管漏]{1,4}") {
            let found = query_terms(&piece).iter().all(|term| finds(&index_words(&text), term));
            prop_assert_eq!(found, text.contains(&piece));
        }
    }
}
