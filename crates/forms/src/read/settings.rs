//! The settings sheet: title, id, version, language.

use std::collections::BTreeSet;

use super::{Notes, header::Columns, header::Sheet};
use crate::{
    Code,
    model::{Node, NodeId},
    name::is_name,
    workbook::{Table, plain_quotes},
    xpath::{Expr, Names, parse},
};

/// The columns of the sheet that are read, and those that may stand there without a word.
pub(super) const KEYS: &[&str] = &[
    "form_title",
    "form_id",
    "version",
    "default_language",
    "instance_name",
    "name",
    "allow_choice_duplicates",
    "clean_text_values",
    "style",
];

/// What the sheet says.
pub(super) struct Settings {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) version: String,
    /// The form's root in answers.
    pub(super) root: String,
    pub(super) default_language: Option<String>,
    pub(super) allow_choice_duplicates: bool,
    instance_name: String,
    columns: Columns,
}

/// Whether a cell says yes as pyxform hears it.
pub(super) fn is_yes(text: &str) -> bool {
    matches!(text, "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "true()")
}

pub(super) fn read(table: Option<&Table>, notes: &mut Notes) -> Settings {
    let empty = Table::default();
    let table = table.unwrap_or(&empty);
    let columns = Columns::read(Sheet::Settings, &table.header, notes);
    let cells = table.rows.first().map_or(&[][..], |(_, cells)| cells.as_slice());
    let get = |key: &str| columns.get(cells, key).to_owned();
    let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    let root = or(get("name"), "data");
    if !is_name(&root) {
        notes.at(Code::BadName, &columns, 2, "name").args.push(("name".to_owned(), root.clone()));
    }
    let id = or(get("form_id"), "data");
    Settings {
        title: or(get("form_title"), &id),
        id,
        version: get("version"),
        root,
        default_language: Some(get("default_language")).filter(|l| !l.is_empty()),
        allow_choice_duplicates: is_yes(&get("allow_choice_duplicates")),
        instance_name: plain_quotes(&get("instance_name")),
        columns,
    }
}

/// What a filled-in form is called, as an expression of the form itself.
pub(super) fn instance_name(
    settings: &Settings,
    nodes: &[Node],
    generated: &BTreeSet<NodeId>,
    notes: &mut Notes,
) -> Option<Expr> {
    if settings.instance_name.is_empty() {
        return None;
    }
    let names = Names::new(nodes, generated);
    match parse(&settings.instance_name, &names, 0, false) {
        Ok(expr) => Some(expr),
        Err(error) => {
            let problem = notes.at(error.code, &settings.columns, 2, "instance_name");
            problem.args.extend([("at".to_owned(), error.at.to_string()), ("about".to_owned(), error.about)]);
            None
        }
    }
}
