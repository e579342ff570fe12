//! Languages, and the words that a language lacks.

use super::{Notes, header::Columns, settings::Settings};
use crate::{
    Code,
    model::{List, NO_LANGUAGE, Node, Text},
};

/// The languages of a form.
pub(super) struct Languages {
    pub(super) names: Vec<String>,
    pub(super) default: usize,
}

impl Languages {
    /// The default first if words stand in it, then as the columns name them.
    pub(super) fn of(settings: &Settings, survey: &Columns, choices: Option<&Columns>) -> Self {
        let sheets = || std::iter::once(survey).chain(choices);
        let mut names: Vec<String> = Vec::new();
        let default = settings.default_language.clone().unwrap_or_else(|| NO_LANGUAGE.to_owned());
        if sheets().any(Columns::has_unmarked_words) {
            names.push(default.clone());
        }
        for language in sheets().flat_map(Columns::languages) {
            if !names.iter().any(|name| name == language) {
                names.push(language.to_owned());
            }
        }
        if names.is_empty() {
            names.push(default.clone());
        }
        let default = names.iter().position(|name| *name == default).unwrap_or(0);
        Self { names, default }
    }

    /// The number of a column's language; unmarked words are in the default one.
    pub(super) fn number(&self, language: Option<&str>) -> usize {
        language.and_then(|l| self.names.iter().position(|name| name == l)).unwrap_or(self.default)
    }
}

/// Says which words a language lacks that another has: once per language and column.
pub(super) fn missing(
    nodes: &[Node],
    lists: &[List],
    languages: &Languages,
    columns: &Columns,
    notes: &mut Notes,
) {
    if languages.names.len() < 2 {
        return;
    }
    for (n, language) in languages.names.iter().enumerate() {
        let lacks = |text: &Text| !text.is_empty() && !text.0.contains_key(&n);
        let first = |of: fn(&Node) -> &Text| nodes.iter().find(|node| lacks(of(node)));
        for (key, node) in [("label", first(|n| &n.label)), ("hint", first(|n| &n.hint))] {
            if let Some(node) = node {
                let problem = notes.at(Code::NoTranslation, columns, node.row, key);
                problem.args.push(("language".to_owned(), language.clone()));
            }
        }
        let choice = lists.iter().find(|list| list.choices.iter().any(|choice| lacks(&choice.label)));
        if let Some(list) = choice {
            let problem = crate::Problem::sheet(Code::NoTranslation, "choices");
            notes.push(problem.with("language", language).with("list", &list.name));
        }
    }
}
