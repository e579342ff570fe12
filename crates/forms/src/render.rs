//! The form as a page shows it: groups, repeats and questions with their present values, and what a page sends back.
//!
//! Fields are named by their path with the numbers of repeats: `people/0/age`. A page without script sends the whole
//! form; what became irrelevant is worked out again here.

use std::collections::BTreeMap;

use crate::{
    engine::{Engine, Fault, FaultKind},
    instance::{Instance, Key, MOST_REPEATS},
    model::{Form, Kind, NodeId},
};

/// Something on the page.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A frame around others.
    Group(Section),
    /// A frame per instance.
    Repeat(Repeat),
    /// A field or a note.
    Question(Question),
}

/// A group, or one instance of a repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its name on the page.
    pub field: String,
    /// Its heading; empty for groups that only order.
    pub label: String,
    /// Whether it is asked at present.
    pub relevant: bool,
    /// What is in it.
    pub items: Vec<Item>,
}

/// A repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeat {
    /// Its name on the page; `{field}#count` tells how many instances were sent.
    pub field: String,
    /// Its heading.
    pub label: String,
    /// Whether it is asked at present.
    pub relevant: bool,
    /// Whether people add and remove instances themselves.
    pub open: bool,
    /// The instances.
    pub instances: Vec<Section>,
}

/// A choice of a select.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// What is sent.
    pub name: String,
    /// What people read.
    pub label: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// A question or a note.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// Its name on the page.
    pub field: String,
    /// What kind of answer it wants.
    pub kind: Kind,
    /// What people read.
    pub label: String,
    /// What helps them.
    pub hint: String,
    /// The present answer.
    pub value: String,
    /// Whether it must be answered.
    pub required: bool,
    /// Whether it can only be read.
    pub read_only: bool,
    /// Whether it is asked at present.
    pub relevant: bool,
    /// How it should look.
    pub appearance: String,
    /// Lines of a text field.
    pub rows: usize,
    /// The choices of a select.
    pub choices: Vec<Offered>,
    /// What is wrong, and what the author wants said.
    pub fault: Option<(FaultKind, String)>,
}

/// The name of a field on the page.
pub fn field(form: &Form, node: NodeId, at: &[usize]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut id = node;
    while id != 0 {
        let asked = form.node(id);
        if asked.kind == Kind::Repeat
            && let Some(number) = at.get(asked.depth())
        {
            parts.push(number.to_string());
        }
        parts.push(asked.name.clone());
        id = asked.parent;
    }
    parts.reverse();
    parts.join("/")
}

/// The question or repeat of a field's name, with the numbers in it.
pub fn find_field(form: &Form, field: &str) -> Option<Key> {
    let (mut id, mut at) = (0, Vec::new());
    let mut parts = field.split('/').peekable();
    while let Some(name) = parts.next() {
        id = form.child(id, name)?;
        if form.node(id).kind == Kind::Repeat && parts.peek().is_some() {
            let number: usize = parts.next()?.parse().ok()?;
            if number >= MOST_REPEATS {
                return None;
            }
            at.push(number);
        }
    }
    Some((id, at))
}

/// The page: with `all`, also what is irrelevant at present, so that a script can show it without asking.
pub fn page(engine: &Engine<'_>, instance: &Instance, faults: &[Fault], all: bool) -> Vec<Item> {
    Page { engine, instance, faults, all }.items(0, &[])
}

struct Page<'a> {
    engine: &'a Engine<'a>,
    instance: &'a Instance,
    faults: &'a [Fault],
    all: bool,
}

impl Page<'_> {
    fn items(&self, section: NodeId, at: &[usize]) -> Vec<Item> {
        let form = self.engine.form;
        let mut items = Vec::new();
        for id in form.node(section).children.iter().copied() {
            let node = form.node(id);
            let relevant = self.instance.is_relevant(id, at);
            if !node.is_shown() || !(relevant || self.all) {
                continue;
            }
            items.push(match node.kind {
                Kind::Group => Item::Group(self.section(id, at, relevant)),
                Kind::Repeat => Item::Repeat(self.repeat(id, at, relevant)),
                _ => Item::Question(self.question(id, at, relevant)),
            });
        }
        items
    }

    fn section(&self, id: NodeId, at: &[usize], relevant: bool) -> Section {
        let form = self.engine.form;
        let outer = &at[..form.node(id).depth()];
        Section {
            field: field(form, id, at),
            label: self.engine.words(self.instance, &form.node(id).label, id, outer),
            relevant,
            items: self.items(id, at),
        }
    }

    fn repeat(&self, id: NodeId, at: &[usize], relevant: bool) -> Repeat {
        let node = self.engine.form.node(id);
        let instances = (0..self.instance.count(id, at)).map(|number| {
            let inner: Vec<usize> = at.iter().copied().chain([number]).collect();
            self.section(id, &inner, relevant)
        });
        Repeat {
            field: field(self.engine.form, id, at),
            label: self.engine.words(self.instance, &node.label, id, at),
            relevant,
            open: node.count.is_none(),
            instances: instances.collect(),
        }
    }

    fn question(&self, id: NodeId, at: &[usize], relevant: bool) -> Question {
        let (engine, instance) = (self.engine, self.instance);
        let node = engine.form.node(id);
        let value = instance.value(id, at).to_owned();
        let chosen = |name: &str| match node.kind {
            Kind::SelectMultiple => value.split_whitespace().any(|choice| choice == name),
            _ => value == name,
        };
        let offered = engine.choices(instance, id, at).into_iter().map(|choice| {
            let words = engine.words(instance, &choice.label, id, at);
            Offered {
                label: if words.is_empty() { choice.name.clone() } else { words },
                chosen: chosen(&choice.name),
                name: choice.name.clone(),
            }
        });
        let fault = self.faults.iter().find(|fault| fault.node == id && fault.at == at);
        Question {
            field: field(engine.form, id, at),
            kind: node.kind,
            label: engine.words(instance, &node.label, id, at),
            hint: engine.words(instance, &node.hint, id, at),
            required: engine.is_required(instance, id, at),
            read_only: engine.is_read_only(instance, id, at),
            relevant,
            appearance: node.appearance.clone(),
            rows: node
                .parameters
                .get("rows")
                .and_then(|rows| rows.parse().ok())
                .unwrap_or_else(|| if node.appearance.contains("multiline") { 4 } else { 1 }),
            choices: offered.collect(),
            fault: fault.map(|fault| (fault.kind, fault.message.clone())),
            value,
        }
    }
}

/// Answers from what a page sent: names and values in the order of the page. Several values of one name are
/// a `select_multiple`. What the form does not know, and what only calculations may set, is left out.
pub fn read_fields<'f>(form: &Form, fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> Instance {
    let mut instance = Instance::default();
    let mut several: BTreeMap<Key, Vec<&str>> = BTreeMap::new();
    for (name, value) in fields {
        if let Some(repeat) = name.strip_suffix("#count") {
            if let Some((id, at)) =
                find_field(form, repeat).filter(|(id, _)| form.node(*id).kind == Kind::Repeat)
            {
                instance.set_count(id, &at, value.trim().parse().unwrap_or(0));
            }
        } else if let Some((id, at)) =
            find_field(form, name).filter(|(id, _)| form.node(*id).kind.holds_answer())
        {
            several.entry((id, at)).or_default().push(value);
        }
    }
    for ((id, at), values) in several {
        let node = form.node(id);
        let text = match node.kind {
            Kind::SelectMultiple => {
                values.into_iter().filter(|v| !v.trim().is_empty()).collect::<Vec<_>>().join(" ")
            }
            Kind::DateTime => values.last().map_or_else(String::new, |v| seconds(v.trim())),
            _ => values.last().map_or_else(String::new, |value| value.trim().to_owned()),
        };
        instance.set(id, &at, text);
    }
    instance
}

/// Browsers send an instant without seconds.
fn seconds(text: &str) -> String {
    if text.len() == "2026-11-27T08:30".len() { format!("{text}:00.000") } else { text.to_owned() }
}
