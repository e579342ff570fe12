//! Columns: what a header means, whatever it is called, and in which language.

use crate::{
    Code,
    read::Notes,
    workbook::{collapse, plain_quotes},
};

/// Which sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sheet {
    Survey,
    Choices,
    Settings,
}

impl Sheet {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Survey => "survey",
            Self::Choices => "choices",
            Self::Settings => "settings",
        }
    }
}

/// What other names mean, in the survey. The second is our key; they are pyxform's aliases.
const SURVEY_ALIASES: &[(&str, &str)] = &[
    ("caption", "label"),
    ("relevance", "relevant"),
    ("readonly", "read_only"),
    ("constraining_message", "constraint_message"),
    ("calculate", "calculation"),
    ("command", "type"),
    ("tag", "name"),
    ("value", "name"),
    ("count", "repeat_count"),
    ("jr:count", "repeat_count"),
    ("requiredmsg", "required_message"),
    ("bind::relevant", "relevant"),
    ("bind::readonly", "read_only"),
    ("bind::required", "required"),
    ("bind::constraint", "constraint"),
    ("bind::calculate", "calculation"),
    ("bind::jr:constraintmsg", "constraint_message"),
    ("bind::jr:requiredmsg", "required_message"),
    ("control::appearance", "appearance"),
    ("control::jr:count", "repeat_count"),
    ("body::appearance", "appearance"),
    ("body::jr:count", "repeat_count"),
];

/// The columns of the survey that are read.
const SURVEY: &[&str] = &[
    "type",
    "name",
    "label",
    "hint",
    "required",
    "required_message",
    "relevant",
    "constraint",
    "constraint_message",
    "calculation",
    "default",
    "appearance",
    "choice_filter",
    "read_only",
    "repeat_count",
    "parameters",
    "disabled",
];

/// Columns that XLSForm knows and that are left aside.
pub(super) const ASIDE: &[&str] = &[
    "guidance_hint",
    "trigger",
    "image",
    "big-image",
    "audio",
    "video",
    "autoplay",
    "media::image",
    "media::big-image",
    "media::audio",
    "media::video",
    "save_to",
    "intent",
    "rows",
    "note",
    "notes",
    "comment",
    "comments",
];

const CHOICES_ALIASES: &[(&str, &str)] =
    &[("caption", "label"), ("value", "name"), ("list name", "list_name")];
const CHOICES: &[&str] = &["list_name", "name", "label"];
const SETTINGS_ALIASES: &[(&str, &str)] = &[
    ("title", "form_title"),
    ("set_form_title", "form_title"),
    ("id_string", "form_id"),
    ("set_form_id", "form_id"),
];
/// Keys whose cells may come in several languages.
const TRANSLATED: &[&str] = &["label", "hint", "constraint_message", "required_message"];

/// One column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// The header as it stands in the file.
    pub(super) title: String,
    /// What it means.
    pub(super) key: String,
    /// Its language, if the header names one.
    pub(super) language: Option<String>,
}

/// The columns of one sheet.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    pub(super) sheet: Sheet,
    pub(super) all: Vec<Column>,
}

impl Columns {
    /// Reads a header row.
    pub(super) fn read(sheet: Sheet, header: &[String], notes: &mut Notes) -> Self {
        let double = header.iter().any(|title| title.contains("::"));
        let all = header.iter().map(|title| Column::read(sheet, title, double)).collect();
        let columns = Self { sheet, all };
        for (n, column) in columns.all.iter().enumerate() {
            if column.key.is_empty() {
                continue;
            }
            let same = |other: &&Column| other.key == column.key && other.language == column.language;
            if let Some(other) = columns.all[..n].iter().find(same) {
                let problem = notes.cell(Code::ColumnTwice, &columns, 1, n);
                problem.args.push(("other".to_owned(), other.title.clone()));
            } else if !columns.is_read(column) {
                let code =
                    if ASIDE.contains(&column.key.as_str()) { Code::Ignored } else { Code::UnknownColumn };
                if sheet != Sheet::Choices {
                    notes.cell(code, &columns, 1, n);
                } else if column.key.contains(' ') {
                    notes.cell(Code::UnknownColumn, &columns, 1, n);
                }
            }
        }
        columns
    }

    fn is_read(&self, column: &Column) -> bool {
        match self.sheet {
            Sheet::Survey => SURVEY.contains(&column.key.as_str()),
            Sheet::Choices => CHOICES.contains(&column.key.as_str()),
            Sheet::Settings => super::settings::KEYS.contains(&column.key.as_str()),
        }
    }

    /// The first column of a key.
    pub(super) fn find(&self, key: &str) -> Option<usize> {
        self.all.iter().position(|column| column.key == key)
    }

    /// A column's header.
    pub(super) fn title(&self, n: usize) -> &str {
        self.all.get(n).map_or("", |column| column.title.as_str())
    }

    /// The cell of a key in a row; empty when there is none.
    pub(super) fn get<'r>(&self, cells: &'r [String], key: &str) -> &'r str {
        self.find(key).and_then(|n| cells.get(n)).map_or("", String::as_str)
    }

    /// The languages that headers name, in order.
    pub(super) fn languages(&self) -> impl Iterator<Item = &str> {
        self.all.iter().filter_map(|column| column.language.as_deref())
    }

    /// Whether some words are in no language.
    pub(super) fn has_unmarked_words(&self) -> bool {
        self.all.iter().any(|c| c.language.is_none() && TRANSLATED.contains(&c.key.as_str()))
    }

    /// A row's cells with plain quotes, but for the words that people read.
    pub(super) fn plain(&self, cells: &[String]) -> Vec<String> {
        let read = |n: usize| self.all.get(n).is_some_and(|column| TRANSLATED.contains(&column.key.as_str()));
        let cells = cells.iter().enumerate();
        cells.map(|(n, cell)| if read(n) { cell.clone() } else { plain_quotes(cell) }).collect()
    }

    /// The columns of a key with words.
    pub(super) fn translations<'s>(&'s self, key: &'s str) -> impl Iterator<Item = (usize, &'s Column)> {
        self.all.iter().enumerate().filter(move |(_, column)| column.key == key)
    }
}

impl Column {
    fn read(sheet: Sheet, title: &str, double: bool) -> Self {
        let title = collapse(title);
        let (known, aliases): (&[&str], _) = match sheet {
            Sheet::Survey => (SURVEY, SURVEY_ALIASES),
            Sheet::Choices => (CHOICES, CHOICES_ALIASES),
            Sheet::Settings => (super::settings::KEYS, SETTINGS_ALIASES),
        };
        let snake = |text: &str| text.split_whitespace().collect::<Vec<_>>().join("_").to_lowercase();
        let dealias = |key: &str| {
            aliases
                .iter()
                .find(|(alias, _)| *alias == key)
                .map_or_else(|| key.to_owned(), |(_, to)| (*to).to_owned())
        };
        let whole = dealias(&snake(&title));
        if known.contains(&whole.as_str()) {
            return Self { title, key: whole, language: None };
        }
        let parts: Vec<&str> = if double {
            title.split("::").map(str::trim).collect()
        } else {
            // A lone colon divides too, but the one of `jr:count` does not.
            let (first, rest) = title.split_once(':').unwrap_or((&title, ""));
            if first == "jr" || rest.is_empty() { vec![&title] } else { vec![first.trim(), rest.trim()] }
        };
        let first = dealias(&snake(parts[0]));
        // `bind::relevant`, `control::appearance`, `media::image::English`.
        if matches!(first.as_str(), "bind" | "control" | "body" | "media") && parts.len() > 1 {
            let key = dealias(&format!("{first}::{}", parts[1].to_lowercase()));
            return Self { language: parts.get(2).map(|l| (*l).to_owned()), title, key };
        }
        let translated =
            parts.len() > 1 && (TRANSLATED.contains(&first.as_str()) || ASIDE.contains(&first.as_str()));
        if translated {
            let language = Some(parts[1].to_owned());
            return Self { key: first, language, title };
        }
        // Unknown columns keep their name: filters refer to it.
        let key = if known.contains(&first.as_str()) || ASIDE.contains(&first.as_str()) {
            first
        } else {
            title.clone()
        };
        Self { title, key, language: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sheet: Sheet, header: &[&str]) -> (Columns, Vec<Code>) {
        let mut notes = Notes::default();
        let header: Vec<String> = header.iter().map(|h| (*h).to_owned()).collect();
        let columns = Columns::read(sheet, &header, &mut notes);
        (columns, notes.problems.iter().map(|p| p.code).collect())
    }

    #[test]
    fn headers_are_found_by_their_aliases() {
        let titles = [
            "Type",
            "Name",
            "label::中文 (zh)",
            "Label :: English (en)",
            "bind::jr:constraintMsg",
            "relevance",
        ];
        let (columns, problems) = read(Sheet::Survey, &titles);
        let found: Vec<(&str, Option<&str>)> =
            columns.all.iter().map(|c| (c.key.as_str(), c.language.as_deref())).collect();
        assert_eq!(
            found,
            [
                ("type", None),
                ("name", None),
                ("label", Some("中文 (zh)")),
                ("label", Some("English (en)")),
                ("constraint_message", None),
                ("relevant", None),
            ]
        );
        assert_eq!(problems, []);
    }

    #[test]
    fn a_single_colon_divides_when_no_double_one_does() {
        let (columns, _) = read(Sheet::Survey, &["type", "label:English", "jr:count"]);
        assert_eq!(columns.all[1].language.as_deref(), Some("English"));
        assert_eq!(columns.all[2].key, "repeat_count");
    }

    #[test]
    fn two_names_of_one_column_are_a_mistake() {
        assert_eq!(read(Sheet::Survey, &["type", "label", "caption"]).1, [Code::ColumnTwice]);
        assert_eq!(read(Sheet::Survey, &["type", "colour"]).1, [Code::UnknownColumn]);
        assert_eq!(read(Sheet::Choices, &["list name", "name", "区"]).1, []);
    }
}
