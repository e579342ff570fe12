//! The rows of the survey: questions, groups, repeats, and what belongs to what.

use std::collections::BTreeMap;

use super::{
    DEEPEST, Draft, MOST_NODES, Notes,
    header::Columns,
    settings::{Settings, is_yes},
    types::RowType,
    words::Languages,
};
use crate::{
    Code,
    model::{Choice, Kind, List, Node, NodeId, PROPERTY, Piece, Text},
    name::is_name,
    workbook::{Table, collapse},
    xpath::{Expr, Function},
};

/// Reads the rows one after the other.
pub(super) struct Survey<'a> {
    settings: &'a Settings,
    columns: &'a Columns,
    lists: &'a mut Vec<List>,
    languages: &'a Languages,
    has_choices: bool,
    notes: &'a mut Notes,
    drafts: Vec<Draft>,
    /// The sections that are open, the form itself first.
    open: Vec<NodeId>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(
        settings: &'a Settings,
        columns: &'a Columns,
        lists: &'a mut Vec<List>,
        languages: &'a Languages,
        has_choices: bool,
        notes: &'a mut Notes,
    ) -> Self {
        let root = Node::new(settings.root.clone(), Kind::Form, 0, 0);
        let drafts = vec![Draft { node: root, cells: Vec::new(), list: None, generated: false }];
        Self { settings, columns, lists, languages, has_choices, notes, drafts, open: vec![0] }
    }

    pub(super) fn read(mut self, table: &Table) -> Vec<Draft> {
        for (row, cells) in &table.rows {
            let cells: Vec<String> = self.columns.plain(cells).iter().map(|cell| collapse(cell)).collect();
            if self.drafts.len() > MOST_NODES {
                self.notes.at(Code::TooLarge, self.columns, *row, "type");
                break;
            }
            self.row(*row, cells);
        }
        for section in self.open.split_off(1) {
            let node = &self.drafts[section].node;
            let (row, name) = (node.row, node.name.clone());
            self.note(Code::UnmatchedBegin, row, "type", &[("name", &name)]);
        }
        self.drafts
    }

    fn note(&mut self, code: Code, row: u32, key: &str, args: &[(&str, &str)]) {
        let problem = self.notes.at(code, self.columns, row, key);
        problem.args.extend(args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    }

    fn row(&mut self, row: u32, cells: Vec<String>) {
        let get = |key: &str| self.columns.get(&cells, key).to_owned();
        let kind = get("type");
        if is_yes(&get("disabled")) {
            self.note(Code::Ignored, row, "disabled", &[]);
            return;
        }
        if kind.is_empty() {
            // A row without type, name and words is a remark of the author.
            let words =
                self.columns.translations("label").any(|(n, _)| cells.get(n).is_some_and(|c| !c.is_empty()));
            if !get("name").is_empty() || words {
                self.note(Code::NoType, row, "type", &[]);
            }
            return;
        }
        match RowType::read(&kind) {
            RowType::Unknown => self.note(Code::UnknownType, row, "type", &[("type", &kind)]),
            RowType::Unsupported => self.note(Code::UnsupportedType, row, "type", &[("type", &kind)]),
            // What an app notes of its own accord is not asked for: nobody is watched by the second.
            RowType::Audit | RowType::Setting => self.note(Code::Ignored, row, "type", &[("type", &kind)]),
            RowType::Property(which) => {
                if let Some(name) = self.name(row, Kind::Property, &cells) {
                    let id = self.question(row, Kind::Property, name, cells);
                    self.drafts[id].node.parameters.insert(PROPERTY.to_owned(), which.to_owned());
                }
            }
            RowType::End(section) => self.end(row, section, &kind),
            RowType::Begin(section) => self.begin(row, section, cells),
            RowType::Question(asked) => {
                if let Some(name) = self.name(row, asked, &cells) {
                    self.question(row, asked, name, cells);
                }
            }
            RowType::Select { multiple, list, other } => self.select(row, multiple, &list, other, cells),
        }
    }

    /// The row's name, checked; none when there is none to use.
    fn name(&mut self, row: u32, kind: Kind, cells: &[String]) -> Option<String> {
        let mut name = self.columns.get(cells, "name").to_owned();
        if name.is_empty() && kind == Kind::Note {
            name = format!("generated_note_name_{row}");
        }
        if name.is_empty() {
            self.note(Code::NoName, row, "name", &[]);
            return None;
        }
        if !is_name(&name) {
            self.note(Code::BadName, row, "name", &[("name", &name)]);
            return None;
        }
        if name == "meta" {
            self.note(Code::NameReserved, row, "name", &[("name", &name)]);
            return None;
        }
        self.unique(row, &name);
        Some(name)
    }

    fn unique(&mut self, row: u32, name: &str) {
        let parent = self.parent();
        let siblings = || self.drafts[parent].node.children.iter().map(|id| &self.drafts[*id].node);
        if let Some(other) = siblings().find(|node| node.name == name) {
            let other = other.row.to_string();
            self.note(Code::NameTwice, row, "name", &[("name", name), ("row", &other)]);
        } else if siblings().any(|node| node.name.to_lowercase() == name.to_lowercase()) {
            self.note(Code::NameCase, row, "name", &[("name", name)]);
        }
    }

    fn parent(&self) -> NodeId {
        self.open.last().copied().unwrap_or(0)
    }

    fn add(&mut self, mut node: Node, cells: Vec<String>) -> NodeId {
        let id = self.drafts.len();
        let parent = self.parent();
        node.parent = parent;
        node.repeats.clone_from(&self.drafts[parent].node.repeats);
        if node.kind == Kind::Repeat {
            node.repeats.push(id);
        }
        self.columns.get(&cells, "appearance").clone_into(&mut node.appearance);
        self.drafts[parent].node.children.push(id);
        let generated = cells.is_empty();
        self.drafts.push(Draft { node, cells, list: None, generated });
        id
    }

    fn end(&mut self, row: u32, section: Kind, word: &str) {
        let top = self.parent();
        if self.open.len() > 1 && self.drafts[top].node.kind == section {
            self.open.pop();
        } else {
            self.note(Code::UnmatchedEnd, row, "type", &[("type", word)]);
        }
    }

    fn begin(&mut self, row: u32, section: Kind, cells: Vec<String>) {
        // A section whose name is wrong still holds what follows.
        let name = self.name(row, section, &cells).unwrap_or_else(|| format!("unnamed_{row}"));
        if section == Kind::Repeat {
            let twice = self.drafts.iter().any(|d| d.node.kind == Kind::Repeat && d.node.name == name);
            if name == self.settings.root || twice {
                self.note(Code::RepeatName, row, "name", &[("name", &name)]);
            }
            let count = self.columns.get(&cells, "repeat_count").to_owned();
            let plain = count.starts_with("${") && count.find('}') == Some(count.len() - 1);
            if !count.is_empty() && !plain {
                let name = format!("{name}_count");
                self.unique(row, &name);
                let id = self.add(Node::new(name, Kind::Calculate, 0, row), Vec::new());
                // The binding reads the expression from the repeat's row.
                self.drafts[id].list = Some(count);
            }
        }
        let id = self.add(Node::new(name, section, 0, row), cells);
        if self.open.len() >= DEEPEST {
            self.note(Code::TooDeep, row, "type", &[]);
        }
        self.open.push(id);
    }

    fn question(&mut self, row: u32, kind: Kind, name: String, cells: Vec<String>) -> NodeId {
        let get = |key: &str| self.columns.get(&cells, key);
        let has = |key: &str| {
            self.columns.translations(key).any(|(n, _)| cells.get(n).is_some_and(|c| !c.is_empty()))
        };
        let calculated = !get("calculation").is_empty();
        let pictured = ["image", "audio", "video", "media::image", "media::audio", "media::video"]
            .iter()
            .any(|k| has(k));
        let worded = has("label") || has("hint") || pictured;
        let needs_words = (kind.is_asked() || kind == Kind::Note) && !calculated;
        let dynamic = super::binding::is_dynamic(get("default"), kind);
        if kind == Kind::Calculate && get("type") == "calculate" && !calculated && !dynamic {
            self.note(Code::NoCalculation, row, "calculation", &[("name", &name)]);
        }
        if needs_words && !worded {
            self.note(Code::NoLabel, row, "label", &[("name", &name)]);
        }
        let mut node = Node::new(name, kind, 0, row);
        node.parameters = self.parameters(row, kind, &cells);
        self.add(node, cells)
    }

    fn select(&mut self, row: u32, multiple: bool, list: &str, other: bool, cells: Vec<String>) {
        let kind = if multiple { Kind::SelectMultiple } else { Kind::SelectOne };
        let Some(name) = self.name(row, kind, &cells) else { return };
        let found = self.lists.iter().position(|l| l.name == list);
        if found.is_none() {
            let code =
                if self.has_choices && !self.lists.is_empty() { Code::UnknownList } else { Code::NoChoices };
            self.note(code, row, "type", &[("list", list)]);
        }
        let filtered = !self.columns.get(&cells, "choice_filter").is_empty();
        let id = self.question(row, kind, name.clone(), cells);
        let Some(n) = found else { return };
        self.drafts[id].node.list = Some(n);
        self.drafts[id].list = Some(list.to_owned());
        if multiple && let Some(choice) = self.lists[n].choices.iter().find(|c| c.name.contains(' ')) {
            let choice = choice.name.clone();
            self.note(Code::ChoiceSpace, row, "type", &[("choice", &choice), ("list", list)]);
        }
        if other && filtered {
            self.note(Code::OtherWithFilter, row, "choice_filter", &[]);
        } else if other {
            self.other(row, id, n, &name);
        }
    }

    /// `or_other`: one more choice, and a line to say what.
    fn other(&mut self, row: u32, select: NodeId, list: usize, name: &str) {
        let words = |texts: fn(&str) -> &'static str| {
            let each = self.languages.names.iter().enumerate();
            Text(each.map(|(n, language)| (n, vec![Piece::Words(texts(language).to_owned())])).collect())
        };
        let (choice, question) = (words(|l| other_words(l).0), words(|l| other_words(l).1));
        if !self.lists[list].choices.iter().any(|c| c.name == "other") {
            let extra = BTreeMap::new();
            self.lists[list].choices.push(Choice { name: "other".to_owned(), label: choice, extra });
        }
        let other = format!("{name}_other");
        self.unique(row, &other);
        let mut node = Node::new(other, Kind::Text, 0, row);
        node.label = question;
        let keep = self.drafts[select].node.depth();
        let args = vec![Expr::Node(select, keep), Expr::Text("other".to_owned())];
        node.relevant = Some(Expr::Call(Function::Selected, args));
        self.add(node, Vec::new());
    }

    /// `key=value key=value`, divided by spaces, commas or semicolons.
    fn parameters(&mut self, row: u32, kind: Kind, cells: &[String]) -> BTreeMap<String, String> {
        let text = self.columns.get(cells, "parameters").to_owned();
        let mut found = BTreeMap::new();
        let tight = text.replace(" =", "=").replace("= ", "=");
        for part in tight.split([' ', ',', ';']).filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some((key, value)) if !key.is_empty() && !value.is_empty() && !value.contains('=') => {
                    found.insert(key.to_lowercase(), value.to_lowercase());
                }
                _ => self.note(Code::BadParameters, row, "parameters", &[("part", part)]),
            }
        }
        let known: &[&str] = match kind {
            Kind::Text => &["rows"],
            Kind::Image => &["max-pixels", "app"],
            Kind::SelectOne | Kind::SelectMultiple => &["randomize", "seed"],
            Kind::Geopoint => {
                &["capture-accuracy", "warning-accuracy", "allow-mock-accuracy", "reference-geometry"]
            }
            _ => return BTreeMap::new(),
        };
        let strange: Vec<String> =
            found.keys().filter(|key| !known.contains(&key.as_str())).cloned().collect();
        for key in strange {
            self.note(Code::UnknownParameter, row, "parameters", &[("key", &key)]);
        }
        let whole = |key: &str| found.get(key).is_some_and(|value| value.parse::<i64>().is_err());
        let number = |key: &str| found.get(key).is_some_and(|value| value.parse::<f64>().is_err());
        let truth = |key: &str| found.get(key).is_some_and(|value| value != "true" && value != "false");
        let wrong = ["rows", "max-pixels"].iter().any(|key| whole(key))
            || ["capture-accuracy", "warning-accuracy"].iter().any(|key| number(key))
            || ["randomize", "allow-mock-accuracy"].iter().any(|key| truth(key))
            || (found.contains_key("seed") && !found.contains_key("randomize"));
        if wrong {
            self.note(Code::BadParameters, row, "parameters", &[("part", &text)]);
        }
        found
    }
}

/// "Other" and the line behind it, in a language.
fn other_words(language: &str) -> (&'static str, &'static str) {
    let language = language.to_lowercase();
    if language.contains("zh") || language.contains('中') || language.contains("chinese") {
        ("其他", "其他，请说明")
    } else {
        ("Other", "Specify other.")
    }
}
