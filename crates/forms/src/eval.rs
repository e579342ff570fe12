//! What an expression is worth, for one question of one filled-in form at one instant.
//!
//! The same evaluator stands in TypeScript (`ui/src/forms-engine.ts`); one table of cases holds both together.

use crate::{
    instance::{Instance, Key},
    model::{Choice, Form, Kind, NodeId},
    value::{Now, Value},
    xpath::{Expr, Operator},
};

/// Everything that an expression may look at.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The form.
    pub form: &'a Form,
    /// The answers.
    pub instance: &'a Instance,
    /// The instant.
    pub now: Now,
    /// The reader's language, by its number.
    pub language: usize,
    /// The asking question.
    pub node: NodeId,
    /// The numbers of the repeats around it.
    pub at: &'a [usize],
    /// The choice that a filter looks at.
    pub choice: Option<&'a Choice>,
}

impl Scope<'_> {
    /// The value of an expression; of several nodes, the first one's.
    pub fn eval(&self, expr: &Expr) -> Value {
        match expr {
            Expr::Number(n) => Value::Number(*n),
            Expr::Text(text) => Value::Text(text.clone()),
            Expr::Node(id, keep) => match self.places(*id, *keep).first() {
                Some(key) => self.value(key),
                None => Value::Text(String::new()),
            },
            Expr::Column(name) => Value::Text(self.column(name)),
            Expr::Minus(inner) => Value::Number(-self.eval(inner).number()),
            Expr::Operator(operator, left, right) => self.operate(*operator, left, right),
            Expr::Call(function, args) => self.call(*function, args),
        }
    }

    /// Whether an expression holds.
    pub fn holds(&self, expr: &Expr) -> bool {
        self.eval(expr).truth()
    }

    fn column(&self, name: &str) -> String {
        match self.choice {
            Some(choice) if name == "name" => choice.name.clone(),
            Some(choice) if name == "label" => choice.label.words(self.language, self.form.default_language),
            Some(choice) => choice.extra.get(name).cloned().unwrap_or_default(),
            None => String::new(),
        }
    }

    fn operate(&self, operator: Operator, left: &Expr, right: &Expr) -> Value {
        match operator {
            Operator::And => return Value::Bool(self.holds(left) && self.holds(right)),
            Operator::Or => return Value::Bool(self.holds(left) || self.holds(right)),
            _ => {}
        }
        let (a, b) = (self.eval(left), self.eval(right));
        let offset = self.now.offset;
        let order = || a.ordered(&b, offset);
        let numbers = || (a.number(), b.number());
        match operator {
            Operator::And | Operator::Or => unreachable!("handled above"),
            Operator::Equal => Value::Bool(a.equals(&b, offset)),
            Operator::NotEqual => Value::Bool(!a.equals(&b, offset)),
            Operator::Less => Value::Bool(matches!(order(), (a, b) if a < b)),
            Operator::LessOrEqual => Value::Bool(matches!(order(), (a, b) if a <= b)),
            Operator::Greater => Value::Bool(matches!(order(), (a, b) if a > b)),
            Operator::GreaterOrEqual => Value::Bool(matches!(order(), (a, b) if a >= b)),
            Operator::Plus => Value::Number(arithmetic(numbers(), |a, b| a + b)),
            Operator::Minus => Value::Number(arithmetic(numbers(), |a, b| a - b)),
            Operator::Times => Value::Number(arithmetic(numbers(), |a, b| a * b)),
            Operator::Div => Value::Number(arithmetic(numbers(), |a, b| a / b)),
            Operator::Mod => Value::Number(arithmetic(numbers(), |a, b| a % b)),
        }
    }

    /// The relevant instances of a node, seen from the asking question.
    pub(crate) fn places(&self, id: NodeId, keep: usize) -> Vec<Key> {
        let node = self.form.node(id);
        let start = &self.at[..keep.min(self.at.len())];
        let depth = node.depth();
        self.instance
            .expand(self.form, id, start, node.repeats.len())
            .into_iter()
            .filter(|at| self.instance.is_relevant(id, &at[..depth]))
            .map(|at| (id, at))
            .collect()
    }

    /// The value of one node.
    pub(crate) fn value(&self, (id, at): &Key) -> Value {
        let kind = self.form.node(*id).kind;
        Value::of_answer(kind, self.instance.value(*id, at), self.now.offset)
    }

    /// The values that an argument stands for: of a place, each instance's.
    pub(crate) fn values(&self, expr: &Expr) -> Vec<Value> {
        match expr {
            Expr::Node(id, keep) => self.places(*id, *keep).iter().map(|key| self.value(key)).collect(),
            expr => vec![self.eval(expr)],
        }
    }

    /// The words of a choice in the reader's language.
    pub(crate) fn choice_words(&self, id: NodeId, value: &str) -> String {
        let choices = self.form.choices(self.form.node(id));
        let found = choices.iter().find(|choice| choice.name == value);
        found.map_or_else(String::new, |c| c.label.words(self.language, self.form.default_language))
    }

    /// The instance of a repeat that a place lies in, counted from 1; anything else is the first.
    pub(crate) fn position(&self, id: NodeId, keep: usize) -> f64 {
        let node = self.form.node(id);
        if node.kind != Kind::Repeat {
            return 1.0;
        }
        let last = self.places(id, keep).first().and_then(|(_, at)| at.last().copied());
        last.map_or(f64::NAN, |n| n as f64 + 1.0)
    }
}

fn arithmetic((a, b): (f64, f64), with: impl Fn(f64, f64) -> f64) -> f64 {
    with(a, b)
}
