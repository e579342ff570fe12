//! What is wrong with a form, at which cell, and what to do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The form works; somebody should look at it.
    Warning,
    /// Right by the standard, but not something this program can show or keep.
    Unsupported,
    /// Wrong by the rules of XLSForm (as pyxform and ODK Validate apply them).
    Invalid,
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal $level:ident,)+) => {
        /// Every way in which a form can be wrong. The word is the end of a locale key.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Code {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word for locale keys and tests.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// How bad it is.
            pub const fn level(self) -> Level {
                match self { $(Self::$name => Level::$level,)+ }
            }
        }
    };
}

codes! {
    // The file.
    /// Not a workbook, not a table.
    Unreadable = "unreadable" Invalid,
    /// More rows, columns or bytes than a form has.
    TooLarge = "too-large" Invalid,
    /// No sheet named `survey`.
    NoSurvey = "no-survey" Invalid,
    /// A sheet lacks a column that it must have.
    NoColumn = "no-column" Invalid,
    /// Two columns mean the same.
    ColumnTwice = "column-twice" Invalid,
    /// A column that nobody reads.
    UnknownColumn = "unknown-column" Warning,
    /// The form has no questions.
    NoQuestions = "no-questions" Unsupported,
    // Rows of the survey.
    /// A row with a name or label but no type.
    NoType = "no-type" Invalid,
    /// A question or group without a name.
    NoName = "no-name" Invalid,
    /// A name that no XML element may have.
    BadName = "bad-name" Invalid,
    /// A name that stands twice in one group.
    NameTwice = "name-twice" Invalid,
    /// A name that differs from another by case only.
    NameCase = "name-case" Warning,
    /// `meta` belongs to the form itself.
    NameReserved = "name-reserved" Invalid,
    /// A repeat named like the form's root or like another repeat.
    RepeatName = "repeat-name" Invalid,
    /// A type that XLSForm does not know.
    UnknownType = "unknown-type" Invalid,
    /// A type that XLSForm knows and we do not offer.
    UnsupportedType = "unsupported-type" Unsupported,
    /// An end without its begin.
    UnmatchedEnd = "unmatched-end" Invalid,
    /// A begin without its end.
    UnmatchedBegin = "unmatched-begin" Invalid,
    /// A question that people see needs words.
    NoLabel = "no-label" Invalid,
    /// `calculate` without a calculation.
    NoCalculation = "no-calculation" Invalid,
    /// Parameters that are not `key=value`.
    BadParameters = "bad-parameters" Invalid,
    /// A parameter that this type does not have.
    UnknownParameter = "unknown-parameter" Invalid,
    /// A setting of the row that we leave aside.
    Ignored = "ignored" Warning,
    /// Groups within groups too deep, or too many questions.
    TooDeep = "too-deep" Unsupported,
    // Choices.
    /// A select without a choices sheet.
    NoChoices = "no-choices" Invalid,
    /// A select whose list is not on the choices sheet.
    UnknownList = "unknown-list" Invalid,
    /// A choice without a name.
    ChoiceNoName = "choice-no-name" Invalid,
    /// A choice that stands twice in its list.
    ChoiceTwice = "choice-twice" Invalid,
    /// A choice without words.
    ChoiceNoLabel = "choice-no-label" Warning,
    /// A choice of no list.
    ChoiceNoList = "choice-no-list" Warning,
    /// A choice of a `select_multiple` with a space in its name.
    ChoiceSpace = "choice-space" Invalid,
    /// `or_other` together with a filter.
    OtherWithFilter = "other-with-filter" Invalid,
    // References and expressions.
    /// `${` that is not a reference.
    BadReference = "bad-reference" Invalid,
    /// `${name}` of nothing.
    UnknownReference = "unknown-reference" Invalid,
    /// `${name}` of two things.
    AmbiguousReference = "ambiguous-reference" Invalid,
    /// An expression that cannot be read.
    Syntax = "syntax" Invalid,
    /// A function that XForms does not have.
    UnknownFunction = "unknown-function" Invalid,
    /// Too few or too many arguments.
    Arguments = "arguments" Invalid,
    /// Right by the standard, beyond what we evaluate.
    UnsupportedExpression = "unsupported-expression" Unsupported,
    /// A path to nowhere.
    UnknownPath = "unknown-path" Invalid,
    /// A pattern that uses more than every device understands.
    BadPattern = "bad-pattern" Unsupported,
    /// Calculations or relevance that wait for each other.
    Cycle = "cycle" Invalid,
    /// A default that is no answer of its type.
    BadDefault = "bad-default" Warning,
    /// A language lacks words that another has.
    NoTranslation = "no-translation" Warning,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What.
    pub code: Code,
    /// `survey`, `choices` or `settings`.
    pub sheet: String,
    /// The row as Excel counts; 0 when it is about the sheet.
    pub row: u32,
    /// The column's header; empty when it is about the row.
    pub column: String,
    /// The column's letter, when the file has that column.
    pub letter: String,
    /// What the sentence mentions: a name, a list, a position.
    pub args: Vec<(String, String)>,
}

impl Problem {
    /// About a sheet.
    pub fn sheet(code: Code, sheet: &str) -> Self {
        Self {
            code,
            sheet: sheet.to_owned(),
            row: 0,
            column: String::new(),
            letter: String::new(),
            args: Vec::new(),
        }
    }

    /// Adds what the sentence mentions.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.args.push((name.to_owned(), value.to_string()));
        self
    }

    /// How bad it is.
    pub const fn level(&self) -> Level {
        self.code.level()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.sheet)?;
        if self.row > 0 {
            write!(f, "!{}{}", self.letter, self.row)?;
        }
        if !self.column.is_empty() {
            write!(f, " ({})", self.column)?;
        }
        write!(f, ": {}", self.code.word())?;
        for (name, value) in &self.args {
            write!(f, " {name}={value:?}")?;
        }
        Ok(())
    }
}
