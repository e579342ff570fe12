//! Names of questions: what XML allows as an element's name, as pyxform checks it.

/// Whether a character may begin a name.
fn begins(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// Whether a character may go on a name.
pub(crate) fn continues(c: char) -> bool {
    begins(c)
        || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

fn is_plain(text: &str) -> bool {
    text.chars().next().is_some_and(begins) && text.chars().skip(1).all(continues)
}

/// Whether a text is a name, possibly with one prefix.
pub fn is_name(text: &str) -> bool {
    match text.split_once(':') {
        Some((prefix, local)) => is_plain(prefix) && is_plain(local),
        None => is_plain(text),
    }
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_are_xmls() {
        for good in ["a", "_1", "姓名", "a-b.c", "orx:meta"] {
            assert!(is_name(good), "{good}");
        }
        for bad in ["", "1a", "a b", "-a", "a:b:c", ":a", "a(", "，"] {
            assert_eq!(is_name(bad), bad == "，", "{bad}");
        }
    }
}
