//! The choices sheet: lists of what may be answered.

use std::collections::BTreeMap;

use super::{Notes, header::Columns, settings::Settings};
use crate::{
    Code,
    model::{Choice, List, Text},
    name::is_name,
    workbook::Table,
};

/// The most choices of a form.
const MOST: usize = 10_000;

/// The cells of each choice, by list and place: their words are read when all names are known.
pub(super) type ChoiceCells = Vec<Vec<(u32, Vec<String>)>>;

/// Reads the lists; words come later.
pub(super) fn read(
    table: &Table,
    columns: &Columns,
    settings: &Settings,
    notes: &mut Notes,
) -> (Vec<List>, ChoiceCells) {
    let (mut lists, mut cells): (Vec<List>, ChoiceCells) = (Vec::new(), Vec::new());
    if table.rows.is_empty() {
        return (lists, cells);
    }
    if columns.find("name").is_none() {
        notes.at(Code::NoColumn, columns, 1, "name");
        return (lists, cells);
    }
    if table.rows.len() > MOST {
        notes.at(Code::TooLarge, columns, 0, "");
        return (lists, cells);
    }
    for (row, row_cells) in &table.rows {
        let row_cells = &columns.plain(row_cells);
        let list_name = columns.get(row_cells, "list_name");
        if list_name.is_empty() {
            notes.at(Code::ChoiceNoList, columns, *row, "list_name");
            continue;
        }
        let n = lists.iter().position(|list| list.name == list_name).unwrap_or_else(|| {
            lists.push(List { name: list_name.to_owned(), choices: Vec::new() });
            cells.push(Vec::new());
            lists.len() - 1
        });
        let name = columns.get(row_cells, "name");
        if name.is_empty() {
            notes.at(Code::ChoiceNoName, columns, *row, "name");
            continue;
        }
        if !settings.allow_choice_duplicates && lists[n].choices.iter().any(|choice| choice.name == name) {
            let problem = notes.at(Code::ChoiceTwice, columns, *row, "name");
            problem
                .args
                .extend([("name".to_owned(), name.to_owned()), ("list".to_owned(), list_name.to_owned())]);
        }
        if columns.translations("label").all(|(at, _)| row_cells.get(at).is_none_or(String::is_empty)) {
            notes.at(Code::ChoiceNoLabel, columns, *row, "label");
        }
        lists[n].choices.push(Choice {
            name: name.to_owned(),
            label: Text::default(),
            extra: extra(columns, row_cells),
        });
        cells[n].push((*row, row_cells.clone()));
    }
    (lists, cells)
}

/// The further columns that filters may look at.
fn extra(columns: &Columns, cells: &[String]) -> BTreeMap<String, String> {
    columns
        .all
        .iter()
        .zip(cells)
        .filter(|(column, cell)| {
            !cell.is_empty()
                && is_name(&column.key)
                && !matches!(column.key.as_str(), "list_name" | "name" | "label")
        })
        .map(|(column, cell)| (column.key.clone(), cell.clone()))
        .collect()
}
