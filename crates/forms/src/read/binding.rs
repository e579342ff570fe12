//! What the cells refer to: words with values in them, and expressions.

use std::collections::BTreeSet;

use super::{Draft, Notes, choices::ChoiceCells, header::Columns, words::Languages};
use crate::{
    Code,
    instance::MOST_REPEATS,
    model::{Kind, List, Node, NodeId, Text},
    name::is_name,
    value::{Value, parse_time},
    xpath::{Expr, Function, Names, ParseError, parse, parse_text},
};

/// Reads every cell of every row that may refer to something.
pub(super) fn bind(
    drafts: &mut [Draft],
    generated: &BTreeSet<NodeId>,
    columns: &Columns,
    languages: &Languages,
    lists: &mut [List],
    notes: &mut Notes,
) {
    let nodes: Vec<Node> = drafts.iter().map(|draft| draft.node.clone()).collect();
    let names = Names::new(&nodes, generated);
    for (id, draft) in drafts.iter_mut().enumerate().skip(1) {
        let mut row =
            Row { id, columns, languages, names: &names, nodes: &nodes, lists, notes, cells: &draft.cells };
        if draft.generated {
            row.generated(&mut draft.node, draft.list.as_deref());
        } else {
            row.all(&mut draft.node);
        }
    }
}

struct Row<'a> {
    id: NodeId,
    columns: &'a Columns,
    languages: &'a Languages,
    names: &'a Names<'a>,
    nodes: &'a [Node],
    lists: &'a [List],
    notes: &'a mut Notes,
    cells: &'a [String],
}

impl Row<'_> {
    /// The generated count of a repeat has its expression in the repeat's row.
    fn generated(&mut self, node: &mut Node, count: Option<&str>) {
        let Some(count) = count else { return };
        match parse(count, self.names, self.id, false) {
            Ok(expr) => node.calculation = Some(expr),
            Err(error) => self.fail(node.row, "repeat_count", error),
        }
    }

    fn all(&mut self, node: &mut Node) {
        if !self.references(node.row) {
            return;
        }
        node.label = self.words(node.row, "label");
        node.hint = self.words(node.row, "hint");
        node.required_message = self.words(node.row, "required_message");
        node.constraint_message = self.words(node.row, "constraint_message");
        node.relevant = self.expr(node.row, "relevant");
        node.required = self.expr(node.row, "required");
        node.constraint = self.expr(node.row, "constraint");
        node.calculation = self.expr(node.row, "calculation");
        node.read_only = self.expr(node.row, "read_only");
        node.choice_filter = self.filter(node.row);
        node.default = self.default(node);
        if node.kind == Kind::Repeat {
            node.count = self.count(node.row);
        }
        if node.kind == Kind::Image && node.calculation.is_some() {
            self.notes.at(Code::Ignored, self.columns, node.row, "calculation");
            node.calculation = None;
        }
    }

    /// Checks every `${…}` of the row as pyxform does, in every column but the type and the name.
    fn references(&mut self, row: u32) -> bool {
        let mut fine = true;
        for (n, cell) in self.cells.iter().enumerate() {
            let key = self.columns.all.get(n).map_or("", |column| column.key.as_str());
            if key.is_empty() || matches!(key, "type" | "name" | "trigger") {
                continue;
            }
            for (code, about) in wrong_references(cell, self.names) {
                fine = false;
                self.notes.cell(code, self.columns, row, n).args.push(("about".to_owned(), about));
            }
        }
        fine
    }

    fn fail(&mut self, row: u32, key: &str, error: ParseError) {
        let problem = self.notes.at(error.code, self.columns, row, key);
        problem.args.extend([("at".to_owned(), error.at.to_string()), ("about".to_owned(), error.about)]);
    }

    fn words(&mut self, row: u32, key: &str) -> Text {
        let mut text = Text::default();
        for (n, column) in self.columns.translations(key) {
            let Some(cell) = self.cells.get(n).filter(|cell| !cell.is_empty()) else { continue };
            let language = self.languages.number(column.language.as_deref());
            // Words marked with the default language win over unmarked ones.
            if column.language.is_none() && text.0.contains_key(&language) {
                continue;
            }
            match parse_text(cell, self.names, self.id) {
                Ok(pieces) => {
                    text.0.insert(language, pieces);
                }
                Err(error) => {
                    let problem = self.notes.cell(error.code, self.columns, row, n);
                    problem
                        .args
                        .extend([("at".to_owned(), error.at.to_string()), ("about".to_owned(), error.about)]);
                }
            }
        }
        text
    }

    fn expr(&mut self, row: u32, key: &str) -> Option<Expr> {
        let cell = self.columns.get(self.cells, key);
        let call = |function| Some(Expr::Call(function, Vec::new()));
        match cell {
            "" => None,
            "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" => call(Function::True),
            "no" | "No" | "NO" | "false" | "False" | "FALSE" => call(Function::False),
            cell => match parse(cell, self.names, self.id, false) {
                Ok(expr) => Some(expr),
                Err(error) => {
                    self.fail(row, key, error);
                    None
                }
            },
        }
    }

    fn filter(&mut self, row: u32) -> Option<Expr> {
        let cell = self.columns.get(self.cells, "choice_filter");
        if cell.is_empty() {
            return None;
        }
        match parse(cell, self.names, self.id, true) {
            Ok(expr) => Some(expr),
            Err(error) => {
                self.fail(row, "choice_filter", error);
                None
            }
        }
    }

    fn count(&mut self, row: u32) -> Option<Expr> {
        let cell = self.columns.get(self.cells, "repeat_count");
        if cell.is_empty() {
            return None;
        }
        if cell.parse::<usize>().is_ok_and(|n| n > MOST_REPEATS) {
            self.notes.at(Code::TooLarge, self.columns, row, "repeat_count");
        }
        // The generated question before the repeat holds what is more than one name.
        let name = format!("{}_count", self.nodes[self.id].name);
        let parent = &self.nodes[self.nodes[self.id].parent];
        let generated = parent
            .children
            .iter()
            .copied()
            .find(|id| self.nodes[*id].name == name && self.nodes[*id].row == row && *id + 1 == self.id);
        match generated {
            Some(id) => Some(Expr::Node(id, self.nodes[id].depth())),
            None => self.expr(row, "repeat_count"),
        }
    }

    fn default(&mut self, node: &Node) -> Option<Expr> {
        let cell = self.columns.get(self.cells, "default");
        if cell.is_empty() || node.kind.is_section() {
            return None;
        }
        if is_dynamic(cell, node.kind) {
            return self.expr(node.row, "default");
        }
        let fits = match node.kind {
            Kind::SelectOne => self.is_choice(node, cell),
            Kind::SelectMultiple => cell.split_whitespace().all(|choice| self.is_choice(node, choice)),
            Kind::Time => parse_time(cell).is_some(),
            Kind::Integer => cell.parse::<i64>().is_ok(),
            Kind::Decimal | Kind::Date | Kind::DateTime => {
                !matches!(Value::of_answer(node.kind, cell, 0), Value::Text(_))
            }
            _ => true,
        };
        if !fits {
            self.notes
                .at(Code::BadDefault, self.columns, node.row, "default")
                .args
                .push(("given".to_owned(), cell.to_owned()));
        }
        Some(Expr::Text(cell.to_owned()))
    }

    fn is_choice(&self, node: &Node, name: &str) -> bool {
        let list = node.list.and_then(|n| self.lists.get(n));
        list.is_some_and(|list| list.choices.iter().any(|choice| choice.name == name))
    }
}

/// The references of a cell that refer to nothing, to two things, or are none.
fn wrong_references(cell: &str, names: &Names<'_>) -> Vec<(Code, String)> {
    let mut wrong = Vec::new();
    let mut rest = cell;
    while let Some(start) = rest.find("${") {
        let from = &rest[start..];
        let Some(end) = from.find('}') else {
            wrong.push((Code::BadReference, from.to_owned()));
            break;
        };
        let inner = &from[2..end];
        let name = inner.strip_prefix("last-saved#").unwrap_or(inner);
        if !is_name(name) || name.contains(':') {
            wrong.push((Code::BadReference, from[..=end].to_owned()));
        } else if name != "instanceID"
            && let Some(code) = names.fault(name)
        {
            wrong.push((code, name.to_owned()));
        }
        rest = &from[end + 1..];
    }
    wrong
}

/// Whether a default is to be worked out rather than taken as it stands, as pyxform tells them apart.
pub(super) fn is_dynamic(text: &str, kind: Kind) -> bool {
    if text.contains("${") {
        return true;
    }
    let calls = text
        .match_indices('(')
        .any(|(at, _)| text[..at].chars().next_back().is_some_and(crate::name::continues));
    let dated = matches!(kind, Kind::Date | Kind::DateTime | Kind::Geopoint);
    if dated && text.contains('-') && !calls {
        return false;
    }
    let operators = [" + ", " - ", " * ", " div ", " mod ", " | "].iter().any(|op| text.contains(op));
    calls || operators
}

/// Reads the words of the choices, now that all names are known.
pub(super) fn choice_words(
    lists: &mut [List],
    cells: &ChoiceCells,
    columns: &Columns,
    languages: &Languages,
    nodes: &[Node],
    generated: &BTreeSet<NodeId>,
    notes: &mut Notes,
) {
    let names = Names::new(nodes, generated);
    for (list, cells) in lists.iter_mut().zip(cells) {
        for (choice, (row, cells)) in list.choices.iter_mut().zip(cells) {
            for (n, column) in columns.translations("label") {
                let Some(cell) = cells.get(n).filter(|cell| !cell.is_empty()) else { continue };
                let wrong = wrong_references(cell, &names);
                for (code, about) in &wrong {
                    notes.cell(*code, columns, *row, n).args.push(("about".to_owned(), about.clone()));
                }
                let language = languages.number(column.language.as_deref());
                if wrong.is_empty()
                    && !(column.language.is_none() && choice.label.0.contains_key(&language))
                    && let Ok(pieces) = parse_text(cell, &names, 0)
                {
                    choice.label.0.insert(language, pieces);
                }
            }
        }
    }
}
