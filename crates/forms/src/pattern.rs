//! Patterns that mean the same here, in a browser and in field apps: the plain part of regular expressions.

use regex_lite::Regex;

/// The largest compiled pattern.
const SIZE: usize = 256 * 1024;

/// A pattern for a whole text; none when it uses more than all three understand.
pub(crate) fn compile(pattern: &str) -> Option<Regex> {
    let special = ["&&", "--", "~~", "[[", "[:"].iter().any(|s| pattern.contains(s));
    let grouped = pattern.match_indices("(?").any(|(at, _)| !pattern[at..].starts_with("(?:"));
    if special || grouped || has_foreign_escape(pattern) {
        return None;
    }
    let whole = format!("^(?:{pattern})$");
    regex_lite::RegexBuilder::new(&whole).size_limit(SIZE).build().ok()
}

/// Letters after a backslash that not all know.
fn has_foreign_escape(pattern: &str) -> bool {
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c == '\\' && chars.next().is_some_and(|c| c.is_alphanumeric() && !"dDwWsSbBtnrfv".contains(c)) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::compile;

    #[test]
    fn patterns_are_for_the_whole_text() {
        let phone = compile("1[3-9]\\d{9}").unwrap();
        assert!(phone.is_match("13900000001"));
        assert!(!phone.is_match("139000000012"));
        assert!(!phone.is_match("x13900000001"));
        assert!(compile("[一-龥]{2,4}").unwrap().is_match("张三"));
        assert!(!compile("a|b").unwrap().is_match("ab"));
    }

    #[test]
    fn what_not_all_understand_is_refused() {
        for pattern in ["(?=a)", "\\p{L}", "(?i)a", "(", "[a&&b]", "(a)\\1", "\\Aab"] {
            assert!(compile(pattern).is_none(), "{pattern}");
        }
    }
}
