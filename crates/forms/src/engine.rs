//! A form at work: what is asked, what is worked out, what is wrong with the answers.

use std::collections::BTreeSet;

use crate::{
    eval::Scope,
    instance::{Instance, MOST_REPEATS},
    model::{Choice, Form, Kind, Node, NodeId, PROPERTY, Piece, Text},
    value::{Now, Value, parse_number, parse_time},
    xpath::Expr,
};

/// The most digits of an `integer`: what every field app keeps.
const DIGITS: usize = 9;

/// What is wrong with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// It must be given.
    Required,
    /// It is not of its type.
    Type,
    /// It is none of the choices.
    Choice,
    /// It breaks the question's rule.
    Constraint,
}

/// One wrong answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The question.
    pub node: NodeId,
    /// The numbers of the repeats around it.
    pub at: Vec<usize>,
    /// What is wrong.
    pub kind: FaultKind,
    /// What the form's author wants said, if anything.
    pub message: String,
}

/// Evaluates one form for one reader at one instant.
#[derive(Debug, Clone, Copy)]
pub struct Engine<'a> {
    /// The form.
    pub form: &'a Form,
    /// The instant.
    pub now: Now,
    /// The reader's language, by its number.
    pub language: usize,
}

impl<'a> Engine<'a> {
    /// An engine for a reader.
    pub const fn new(form: &'a Form, now: Now, language: usize) -> Self {
        Self { form, now, language }
    }

    fn scope<'s>(&'s self, instance: &'s Instance, node: NodeId, at: &'s [usize]) -> Scope<'s> {
        Scope { form: self.form, instance, now: self.now, language: self.language, node, at, choice: None }
    }

    /// A fresh form: defaults set, calculations worked out.
    pub fn start(&self) -> Instance {
        let mut instance = Instance::default();
        self.defaults(&mut instance, |_| true, &[]);
        self.recompute(&mut instance);
        instance
    }

    /// One more instance of a repeat, with its defaults. Refused when there are too many.
    pub fn add_instance(&self, instance: &mut Instance, repeat: NodeId, at: &[usize]) -> bool {
        let count = instance.count(repeat, at);
        if count >= MOST_REPEATS {
            return false;
        }
        instance.set_count(repeat, at, count + 1);
        self.fill(instance, repeat, at, count);
        self.recompute(instance);
        true
    }

    fn fill(&self, instance: &mut Instance, repeat: NodeId, at: &[usize], number: usize) {
        let inner: Vec<usize> = at.iter().copied().chain([number]).collect();
        self.defaults(instance, |node| node.repeats.last() == Some(&repeat), &inner);
    }

    /// Sets the defaults of the chosen questions that stand directly under `at`.
    fn defaults(&self, instance: &mut Instance, of: impl Fn(&Node) -> bool, at: &[usize]) {
        for (id, node) in self.form.nodes.iter().enumerate() {
            if node.repeats.len() != at.len() || !of(node) || !instance.value(id, at).is_empty() {
                continue;
            }
            let value = match (&node.default, node.kind) {
                (_, Kind::Start) => Some(Value::Moment(self.now.local_ms, self.now.offset)),
                (_, Kind::Today) => Some(Value::Date(self.now.local_ms.div_euclid(crate::value::DAY))),
                (Some(Expr::Text(text)), _) => Some(Value::Text(text.clone())),
                (Some(expr), _) => Some(self.scope(instance, id, at).eval(expr)),
                (None, _) => None,
            };
            if let Some(value) = value {
                instance.set(id, at, value.answer());
            }
        }
    }

    /// Notes when filling in ended.
    pub fn finish(&self, instance: &mut Instance) {
        for (id, node) in self.form.nodes.iter().enumerate() {
            if node.kind == Kind::End && node.repeats.is_empty() {
                instance.set(id, &[], Value::Moment(self.now.local_ms, self.now.offset).text());
            }
        }
        self.recompute(instance);
    }

    /// Fills in what is known of who fills in and where, unless an app has done so: `known` is asked by the word of
    /// the property, without `uri:`. What nobody knows stays empty.
    pub fn properties(&self, instance: &mut Instance, known: impl Fn(&str) -> Option<String>) {
        for (id, node) in self.form.nodes.iter().enumerate() {
            let which = node.parameters.get(PROPERTY).filter(|_| node.kind == Kind::Property);
            let Some(which) = which.filter(|_| node.repeats.is_empty() && instance.value(id, &[]).is_empty())
            else {
                continue;
            };
            let (uri, word) = which.strip_prefix("uri:").map_or((false, which.as_str()), |word| (true, word));
            let Some(value) = known(word).filter(|value| !value.is_empty()) else { continue };
            instance.set(id, &[], if uri { format!("{word}:{value}") } else { value });
        }
    }

    /// Works out what is relevant and what is calculated, each after what it waits for.
    pub fn recompute(&self, instance: &mut Instance) {
        instance.hidden = BTreeSet::new();
        for id in self.form.order.iter().copied().skip_while(|id| *id == 0) {
            let node = self.form.node(id);
            let above = self.form.node(node.parent).depth();
            for at in instance.places(self.form, id) {
                let shown = instance.is_relevant(node.parent, &at[..above.min(at.len())])
                    && node.relevant.as_ref().is_none_or(|expr| self.scope(instance, id, &at).holds(expr));
                if !shown {
                    instance.hidden.insert((id, at));
                    continue;
                }
                if let Some(expr) = &node.count {
                    self.resize(instance, id, &at, expr);
                }
                if let Some(expr) = &node.calculation {
                    let value = self.scope(instance, id, &at).eval(expr).answer();
                    instance.set(id, &at, value);
                }
            }
        }
    }

    /// A repeat whose number is given: more come with defaults, fewer keep their answers out of sight.
    fn resize(&self, instance: &mut Instance, repeat: NodeId, at: &[usize], expr: &Expr) {
        let wanted = self.scope(instance, repeat, at).eval(expr).number();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped to a small range"
        )]
        let wanted = if wanted.is_nan() { 0 } else { wanted.clamp(0.0, MOST_REPEATS as f64) as usize };
        let before = instance.count(repeat, at);
        instance.set_count(repeat, at, wanted);
        for number in before..wanted {
            self.fill(instance, repeat, at, number);
        }
    }

    /// The choices that a select offers now.
    pub fn choices(&self, instance: &Instance, node: NodeId, at: &[usize]) -> Vec<&'a Choice> {
        let asked = self.form.node(node);
        let scope = self.scope(instance, node, at);
        let offered = |choice: &&'a Choice| {
            asked
                .choice_filter
                .as_ref()
                .is_none_or(|filter| Scope { choice: Some(*choice), ..scope }.holds(filter))
        };
        self.form.choices(asked).iter().filter(offered).collect()
    }

    /// Whether a question must be answered now.
    pub fn is_required(&self, instance: &Instance, node: NodeId, at: &[usize]) -> bool {
        self.form.node(node).required.as_ref().is_some_and(|expr| self.scope(instance, node, at).holds(expr))
    }

    /// Whether a question is shown and not changed.
    pub fn is_read_only(&self, instance: &Instance, node: NodeId, at: &[usize]) -> bool {
        let asked = self.form.node(node);
        asked.calculation.is_some()
            || asked.read_only.as_ref().is_some_and(|expr| self.scope(instance, node, at).holds(expr))
    }

    /// Words with the values that they mention.
    pub fn words(&self, instance: &Instance, text: &Text, node: NodeId, at: &[usize]) -> String {
        let scope = self.scope(instance, node, at);
        let piece = |piece: &Piece| match piece {
            Piece::Words(words) => words.clone(),
            Piece::Value(expr) => self.shown(&scope, expr),
        };
        text.pieces(self.language, self.form.default_language).iter().map(piece).collect()
    }

    /// A value as people read it: a choice by its words.
    fn shown(&self, scope: &Scope<'_>, expr: &Expr) -> String {
        let value = scope.eval(expr).text();
        match expr {
            Expr::Node(id, _) if self.form.node(*id).list.is_some() => {
                let words = value.split_whitespace().map(|choice| {
                    let words = scope.choice_words(*id, choice);
                    if words.is_empty() { choice.to_owned() } else { words }
                });
                words.collect::<Vec<_>>().join("、")
            }
            _ => value,
        }
    }

    /// What this filled-in form is called.
    pub fn instance_name(&self, instance: &Instance) -> String {
        let scope = self.scope(instance, 0, &[]);
        self.form.instance_name.as_ref().map_or_else(String::new, |expr| scope.eval(expr).text())
    }

    /// Everything that is wrong with the relevant answers, in the order of the form.
    pub fn faults(&self, instance: &Instance) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (id, node) in self.form.nodes.iter().enumerate().filter(|(_, node)| node.kind.holds_answer()) {
            for at in instance.places(self.form, id) {
                if instance.is_relevant(id, &at)
                    && let Some(kind) = self.fault(instance, id, &at)
                {
                    let text = match kind {
                        FaultKind::Required => &node.required_message,
                        _ => &node.constraint_message,
                    };
                    let message = self.words(instance, text, id, &at);
                    faults.push(Fault { node: id, at, kind, message });
                }
            }
        }
        faults
    }

    fn fault(&self, instance: &Instance, id: NodeId, at: &[usize]) -> Option<FaultKind> {
        let node = self.form.node(id);
        let value = instance.value(id, at);
        if value.is_empty() {
            let asked = node.is_shown() && self.is_required(instance, id, at);
            return asked.then_some(FaultKind::Required);
        }
        if !fits(node.kind, value, self.now.offset) {
            return Some(FaultKind::Type);
        }
        if node.list.is_some() {
            let offered = self.choices(instance, id, at);
            let known = |name: &str| offered.iter().any(|choice| choice.name == name);
            let all = match node.kind {
                Kind::SelectMultiple => value.split_whitespace().all(known),
                _ => known(value),
            };
            if !all {
                return Some(FaultKind::Choice);
            }
        }
        let kept = node.constraint.as_ref().is_none_or(|expr| self.scope(instance, id, at).holds(expr));
        (!kept).then_some(FaultKind::Constraint)
    }
}

/// Whether a text is an answer of a kind.
fn fits(kind: Kind, text: &str, offset: i32) -> bool {
    match kind {
        Kind::Integer => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            !digits.is_empty() && digits.len() <= DIGITS && digits.bytes().all(|b| b.is_ascii_digit())
        }
        Kind::Decimal => parse_number(text).is_finite() && text.len() <= 30,
        Kind::Time => parse_time(text).is_some(),
        Kind::Date | Kind::Today | Kind::DateTime | Kind::Start | Kind::End => {
            !matches!(Value::of_answer(kind, text, offset), Value::Text(_))
        }
        Kind::Geopoint => is_point(text),
        Kind::Acknowledge => text == "OK",
        Kind::Image => text.len() <= 255 && !text.contains(['/', '\\', '\0']) && text != "." && text != "..",
        _ => true,
    }
}

/// `36.06 120.38 0 5`: latitude, longitude, and perhaps altitude and accuracy.
fn is_point(text: &str) -> bool {
    let numbers: Vec<f64> = text.split_whitespace().map(parse_number).collect();
    match numbers.as_slice() {
        [latitude, longitude, rest @ ..] if rest.len() <= 2 => {
            latitude.abs() <= 90.0 && longitude.abs() <= 180.0 && rest.iter().all(|n| n.is_finite())
        }
        _ => false,
    }
}
