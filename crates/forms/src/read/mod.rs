//! From the sheets of an XLSForm to a [`Form`], with everything that is wrong on the way.
//!
//! The order is pyxform's: settings, choices, the rows of the survey, then what the cells refer to. Unlike pyxform,
//! which stops at the first mistake, all of them are listed.

mod binding;
mod choices;
mod header;
mod order;
mod settings;
mod survey;
mod types;
mod words;

use std::collections::BTreeSet;

use crate::{
    Code, Level, Problem, Workbook,
    model::{Form, Node, NodeId},
    workbook::letter,
};
use header::{Columns, Sheet};

/// The most rows that become questions or groups.
const MOST_NODES: usize = 2000;
/// Groups within groups.
const DEEPEST: usize = 12;

/// What came of reading: the form, if nothing stands against it, and all that is to be said.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The form, when no problem is worse than a warning.
    pub form: Option<Form>,
    /// The problems by sheet and row.
    pub problems: Vec<Problem>,
}

impl Reading {
    /// Whether the form can be used.
    pub fn is_usable(&self) -> bool {
        self.form.is_some()
    }
}

/// Reads a file: a workbook, or one CSV in pyxform's manner.
pub fn read(bytes: &[u8]) -> Reading {
    match Workbook::read(bytes) {
        Ok(book) => read_workbook(&book),
        Err(problem) => Reading { form: None, problems: vec![problem] },
    }
}

/// Reads the sheets of a form.
pub fn read_workbook(book: &Workbook) -> Reading {
    let mut notes = Notes::default();
    let form = build(book, &mut notes);
    let mut problems = notes.problems;
    let place = |sheet: &str| ["", "survey", "choices", "settings"].iter().position(|s| *s == sheet);
    problems.sort_by(|a, b| (place(&a.sheet), a.row, &a.letter).cmp(&(place(&b.sheet), b.row, &b.letter)));
    let usable = problems.iter().all(|problem| problem.level() == Level::Warning);
    Reading { form: form.filter(|_| usable), problems }
}

/// Collects what is wrong.
#[derive(Default)]
struct Notes {
    problems: Vec<Problem>,
}

impl Notes {
    /// Notes a problem of a row, at a column when its key is known.
    fn at(&mut self, code: Code, columns: &Columns, row: u32, key: &str) -> &mut Problem {
        let at = columns.find(key);
        let named = at.map_or_else(|| key.to_owned(), |n| columns.title(n).to_owned());
        let mut problem = Problem::sheet(code, columns.sheet.word());
        problem.row = row;
        problem.column = named;
        problem.letter = at.map(letter).unwrap_or_default();
        self.push(problem)
    }

    /// Notes a problem of the cell in a column.
    fn cell(&mut self, code: Code, columns: &Columns, row: u32, column: usize) -> &mut Problem {
        let mut problem = Problem::sheet(code, columns.sheet.word());
        problem.row = row;
        columns.title(column).clone_into(&mut problem.column);
        problem.letter = letter(column);
        self.push(problem)
    }

    #[expect(clippy::expect_used, reason = "it was pushed in the line before")]
    fn push(&mut self, problem: Problem) -> &mut Problem {
        self.problems.push(problem);
        self.problems.last_mut().expect("just pushed")
    }
}

/// A row of the survey on its way to a node: its place and its cells.
struct Draft {
    node: Node,
    /// The cells of its row by column; none for what is generated.
    cells: Vec<String>,
    /// The list that a select names.
    list: Option<String>,
    /// Made by the rules, not written by the author: no reference may name it.
    generated: bool,
}

fn build(book: &Workbook, notes: &mut Notes) -> Option<Form> {
    let Some(survey) = &book.survey else {
        notes.push(Problem::sheet(Code::NoSurvey, "survey").with("sheets", book.names.join("、")));
        return None;
    };
    let settings = settings::read(book.settings.as_ref(), notes);
    let columns = Columns::read(Sheet::Survey, &survey.header, notes);
    let choice_columns =
        book.choices.as_ref().map(|table| Columns::read(Sheet::Choices, &table.header, notes));
    let languages = words::Languages::of(&settings, &columns, choice_columns.as_ref());
    let (mut lists, choice_cells) = match (&book.choices, &choice_columns) {
        (Some(table), Some(columns)) => choices::read(table, columns, &settings, notes),
        _ => (Vec::new(), Vec::new()),
    };
    if columns.find("type").is_none() {
        notes.at(Code::NoColumn, &columns, 1, "type");
        return None;
    }
    let mut drafts =
        survey::Survey::new(&settings, &columns, &mut lists, &languages, book.choices.is_some(), notes)
            .read(survey);
    let generated: BTreeSet<NodeId> =
        drafts.iter().enumerate().filter(|(_, d)| d.generated).map(|(id, _)| id).collect();
    binding::bind(&mut drafts, &generated, &columns, &languages, &mut lists, notes);
    let nodes: Vec<Node> = drafts.iter().map(|draft| draft.node.clone()).collect();
    if let Some(columns) = &choice_columns {
        binding::choice_words(&mut lists, &choice_cells, columns, &languages, &nodes, &generated, notes);
    }
    let instance_name = settings::instance_name(&settings, &nodes, &generated, notes);
    if !nodes.iter().any(|node| node.kind.is_asked())
        && notes.problems.iter().all(|p| p.level() == Level::Warning)
    {
        notes.push(Problem::sheet(Code::NoQuestions, "survey"));
    }
    let order = order::order(&nodes).unwrap_or_else(|circle| {
        let (at, key) = order::blame(&nodes, &circle);
        // The generated count of a repeat has its expression in the repeat's row.
        let key = if generated.contains(&at) && key == "calculation" { "repeat_count" } else { key };
        let names: Vec<&str> = circle.iter().map(|id| nodes[*id].name.as_str()).collect();
        let problem = notes.at(Code::Cycle, &columns, nodes[at].row, key);
        problem.args.push(("names".to_owned(), names.join(" → ")));
        Vec::new()
    });
    words::missing(&nodes, &lists, &languages, &columns, notes);
    Some(Form {
        id: settings.id,
        title: settings.title,
        version: settings.version,
        languages: languages.names,
        default_language: languages.default,
        instance_name,
        nodes,
        lists,
        order,
    })
}
