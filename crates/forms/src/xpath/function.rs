//! The functions of ODK XForms that forms may use.

use serde::{Deserialize, Serialize};

macro_rules! functions {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal $least:literal $most:literal,)+) => {
        /// A function. What each does is written where it is evaluated and in the ODK XForms specification.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Function {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl Function {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// How it is written.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// The fewest and the most arguments.
            pub const fn arguments(self) -> (usize, usize) {
                match self { $(Self::$name => ($least, $most),)+ }
            }

            /// The function of this name.
            pub fn named(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

functions! {
    // Truth.
    /// `true()`
    True = "true" 0 0,
    /// `false()`
    False = "false" 0 0,
    /// `boolean(x)`
    Boolean = "boolean" 1 1,
    /// `boolean-from-string(x)`: `1` and `true` are true
    BooleanFromString = "boolean-from-string" 1 1,
    /// `not(x)`
    Not = "not" 1 1,
    /// `if(condition, then, else)`
    If = "if" 3 3,
    /// `coalesce(x, …)`: the first that is not empty
    Coalesce = "coalesce" 1 30,
    // Selects.
    /// `selected(answer, choice)`
    Selected = "selected" 2 2,
    /// `selected-at(answer, n)`: counted from 0
    SelectedAt = "selected-at" 2 2,
    /// `count-selected(answer)`
    CountSelected = "count-selected" 1 1,
    /// `jr:choice-name(value, question)`: the words of a choice
    ChoiceName = "jr:choice-name" 2 2,
    // Texts.
    /// `string(x)`
    String = "string" 1 1,
    /// `concat(x, …)`
    Concat = "concat" 1 30,
    /// `join(separator, x, …)`
    Join = "join" 1 30,
    /// `string-length(x)`: of the question itself without an argument
    StringLength = "string-length" 0 1,
    /// `substr(x, from, to)`: counted from 0, `to` left out
    Substr = "substr" 2 3,
    /// `contains(x, part)`
    Contains = "contains" 2 2,
    /// `starts-with(x, part)`
    StartsWith = "starts-with" 2 2,
    /// `ends-with(x, part)`
    EndsWith = "ends-with" 2 2,
    /// `substring-before(x, part)`
    SubstringBefore = "substring-before" 2 2,
    /// `substring-after(x, part)`
    SubstringAfter = "substring-after" 2 2,
    /// `normalize-space(x)`: of the question itself without an argument
    NormalizeSpace = "normalize-space" 0 1,
    /// `translate(x, from, to)`
    Translate = "translate" 3 3,
    /// `regex(x, pattern)`: the whole text matches
    Regex = "regex" 2 2,
    // Numbers.
    /// `number(x)`
    Number = "number" 1 1,
    /// `int(x)`: towards zero
    Int = "int" 1 1,
    /// `round(x, places)`
    Round = "round" 1 2,
    /// `abs(x)`
    Abs = "abs" 1 1,
    /// `floor(x)`
    Floor = "floor" 1 1,
    /// `ceiling(x)`
    Ceiling = "ceiling" 1 1,
    /// `pow(x, y)`
    Pow = "pow" 2 2,
    /// `sqrt(x)`
    Sqrt = "sqrt" 1 1,
    // Several.
    /// `sum(nodes)`
    Sum = "sum" 1 1,
    /// `min(x, …)`
    Min = "min" 1 30,
    /// `max(x, …)`
    Max = "max" 1 30,
    /// `count(nodes)`
    Count = "count" 1 1,
    /// `count-non-empty(nodes)`
    CountNonEmpty = "count-non-empty" 1 1,
    /// `position(node)`: which one of its repeat
    Position = "position" 1 1,
    /// `indexed-repeat(question, repeat, n, …)`
    IndexedRepeat = "indexed-repeat" 3 7,
    // Days and hours.
    /// `today()`
    Today = "today" 0 0,
    /// `now()`
    Now = "now" 0 0,
    /// `date(x)`
    Date = "date" 1 1,
    /// `date-time(x)`
    DateTime = "date-time" 1 1,
    /// `decimal-date-time(x)`: days since 1970
    DecimalDateTime = "decimal-date-time" 1 1,
    /// `decimal-time(x)`: a part of a day
    DecimalTime = "decimal-time" 1 1,
    /// `format-date(x, pattern)`
    FormatDate = "format-date" 2 2,
    /// `format-date-time(x, pattern)`
    FormatDateTime = "format-date-time" 2 2,
}

/// Functions that XForms or its apps know and that are not evaluated here.
pub(super) const ELSEWHERE: &[&str] = &[
    "acos",
    "area",
    "asin",
    "atan",
    "atan2",
    "base64-decode",
    "checklist",
    "cos",
    "current",
    "depend",
    "digest",
    "distance",
    "distinct-values",
    "exp",
    "exp10",
    "extract-signed",
    "geofence",
    "id",
    "index",
    "indexOf",
    "instance",
    "intersects",
    "jr:itext",
    "lang",
    "last",
    "local-name",
    "log",
    "log10",
    "name",
    "namespace-uri",
    "once",
    "pi",
    "property",
    "pulldata",
    "random",
    "randomize",
    "regexp",
    "reverse",
    "search",
    "sin",
    "substring",
    "tan",
    "uuid",
    "version",
    "weighted-checklist",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_find_their_functions() {
        for function in Function::ALL {
            assert_eq!(Function::named(function.word()), Some(*function));
            assert!(function.arguments().0 <= function.arguments().1);
            assert!(!ELSEWHERE.contains(&function.word()));
        }
    }
}
