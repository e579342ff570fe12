//! The answers to a form: one value per question and per number of the repeats around it.
//!
//! As JSON they are nested by name: `{"name": "张三", "people": [{"age": "8"}]}`. Every value is a text, written as
//! XForms writes it (`2026-11-27`, `a c`, `36.06 120.38 0 0`); photos are named.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use crate::model::{Form, Kind, NodeId};

/// The most instances of one repeat.
pub const MOST_REPEATS: usize = 200;
/// The longest answer.
pub(crate) const LONGEST_ANSWER: usize = 20_000;

/// A question (or a repeat as a whole) and the numbers, from 0, of the repeats around it.
pub type Key = (NodeId, Vec<usize>);

/// The answers, and what the last evaluation found irrelevant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instance {
    pub(crate) values: BTreeMap<Key, String>,
    pub(crate) counts: BTreeMap<Key, usize>,
    pub(crate) hidden: BTreeSet<Key>,
}

impl Instance {
    /// An answer; empty when there is none.
    pub fn value(&self, node: NodeId, at: &[usize]) -> &str {
        self.values.get(&(node, at.to_vec())).map_or("", String::as_str)
    }

    /// Sets an answer; an empty one is none.
    pub fn set(&mut self, node: NodeId, at: &[usize], text: impl Into<String>) {
        let mut text: String = text.into();
        if text.len() > LONGEST_ANSWER {
            text = text.chars().take(LONGEST_ANSWER / 4).collect();
        }
        if text.is_empty() {
            self.values.remove(&(node, at.to_vec()));
        } else {
            self.values.insert((node, at.to_vec()), text);
        }
    }

    /// How many instances a repeat has.
    pub fn count(&self, repeat: NodeId, at: &[usize]) -> usize {
        self.counts.get(&(repeat, at.to_vec())).copied().unwrap_or(0)
    }

    /// Says how many instances a repeat has.
    pub fn set_count(&mut self, repeat: NodeId, at: &[usize], count: usize) {
        self.counts.insert((repeat, at.to_vec()), count.min(MOST_REPEATS));
    }

    /// Whether the last evaluation found a question relevant.
    pub fn is_relevant(&self, node: NodeId, at: &[usize]) -> bool {
        !self.hidden.contains(&(node, at.to_vec()))
    }

    /// Takes one instance out of a repeat; those behind it move up.
    pub fn remove_instance(&mut self, form: &Form, repeat: NodeId, at: &[usize], number: usize) {
        let depth = at.len();
        let count = self.count(repeat, at);
        if number >= count {
            return;
        }
        let inside = |(node, key): &Key| {
            form.node(*node).repeats.contains(&repeat) && key.len() > depth && key[..depth] == *at
        };
        let moved = |(node, mut key): Key| {
            if inside(&(node, key.clone())) {
                if key[depth] == number {
                    return None;
                }
                if key[depth] > number {
                    key[depth] -= 1;
                }
            }
            Some((node, key))
        };
        let values = std::mem::take(&mut self.values);
        self.values = values.into_iter().filter_map(|(key, v)| Some((moved(key)?, v))).collect();
        let counts = std::mem::take(&mut self.counts);
        self.counts = counts.into_iter().filter_map(|(key, v)| Some((moved(key)?, v))).collect();
        self.set_count(repeat, at, count - 1);
    }

    /// Every list of repeat numbers under which a node stands; for a repeat, those of the whole repeat.
    pub fn places(&self, form: &Form, node: NodeId) -> Vec<Vec<usize>> {
        self.expand(form, node, &[], form.node(node).depth())
    }

    /// The lists of `depth` repeat numbers of a node that begin with `start`.
    pub(crate) fn expand(&self, form: &Form, node: NodeId, start: &[usize], depth: usize) -> Vec<Vec<usize>> {
        let mut places = vec![start.to_vec()];
        for repeat in &form.node(node).repeats[start.len().min(depth)..depth] {
            places = places
                .into_iter()
                .flat_map(|at| {
                    let shown = self.is_relevant(*repeat, &at);
                    let count = if shown { self.count(*repeat, &at) } else { 0 };
                    (0..count).map(move |n| at.iter().copied().chain([n]).collect())
                })
                .collect();
        }
        places
    }

    /// Reads answers from nested JSON. What the form does not ask is left out.
    pub fn from_json(form: &Form, json: &Json) -> Self {
        let mut instance = Self::default();
        instance.read(form, 0, &[], json);
        instance
    }

    fn read(&mut self, form: &Form, section: NodeId, at: &[usize], json: &Json) {
        let Json::Object(fields) = json else { return };
        for child in &form.node(section).children {
            let node = form.node(*child);
            let Some(value) = fields.get(&node.name) else { continue };
            match (node.kind, value) {
                (Kind::Repeat, Json::Array(items)) => {
                    self.set_count(*child, at, items.len());
                    for (n, item) in items.iter().enumerate().take(MOST_REPEATS) {
                        let inner: Vec<usize> = at.iter().copied().chain([n]).collect();
                        self.read(form, *child, &inner, item);
                    }
                }
                (Kind::Group, inner) => self.read(form, *child, at, inner),
                (_, Json::String(text)) if node.kind.holds_answer() => self.set(*child, at, text.as_str()),
                (_, Json::Number(n)) if node.kind.holds_answer() => self.set(*child, at, n.to_string()),
                _ => {}
            }
        }
    }

    /// The relevant answers as nested JSON.
    pub fn to_json(&self, form: &Form) -> Json {
        Json::Object(self.write(form, 0, &[]))
    }

    fn write(&self, form: &Form, section: NodeId, at: &[usize]) -> Map<String, Json> {
        let mut fields = Map::new();
        for child in &form.node(section).children {
            let node = form.node(*child);
            if !self.is_relevant(*child, at) {
                continue;
            }
            let value = match node.kind {
                Kind::Group => Json::Object(self.write(form, *child, at)),
                Kind::Repeat => {
                    let items = (0..self.count(*child, at)).map(|n| {
                        let inner: Vec<usize> = at.iter().copied().chain([n]).collect();
                        Json::Object(self.write(form, *child, &inner))
                    });
                    Json::Array(items.collect())
                }
                kind if kind.holds_answer() => Json::String(self.value(*child, at).to_owned()),
                _ => continue,
            };
            let empty = matches!(&value, Json::String(s) if s.is_empty())
                || matches!(&value, Json::Object(o) if o.is_empty())
                || matches!(&value, Json::Array(a) if a.is_empty());
            if !empty {
                fields.insert(node.name.clone(), value);
            }
        }
        fields
    }
}
