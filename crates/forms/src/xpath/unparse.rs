//! Expressions as XPath for field apps: places become paths, relative where a repeat is shared.

use super::{Expr, Function};
use crate::{
    model::{Form, NodeId},
    value::number_text,
};

/// Writes an expression of the node `context`; in a `filter`, paths start at `current()`.
pub fn unparse(expr: &Expr, form: &Form, context: NodeId, filter: bool) -> String {
    Writer { form, context, filter }.write(expr, 0)
}

struct Writer<'a> {
    form: &'a Form,
    context: NodeId,
    filter: bool,
}

impl Writer<'_> {
    fn write(&self, expr: &Expr, around: u8) -> String {
        match expr {
            Expr::Number(n) => number_text(*n),
            Expr::Text(text) if text.contains('\'') => format!("\"{text}\""),
            Expr::Text(text) => format!("'{text}'"),
            Expr::Node(id, keep) => self.place(*id, *keep),
            Expr::Column(name) => name.clone(),
            Expr::Minus(inner) => format!("-{}", self.write(inner, 7)),
            Expr::Operator(operator, left, right) => {
                let strength = operator.strength();
                let left = self.write(left, strength);
                let right = self.write(right, strength + 1);
                let text = format!("{left} {} {right}", operator.word());
                if around > strength { format!("({text})") } else { text }
            }
            Expr::Call(function, args) => {
                let args: Vec<String> =
                    args.iter().enumerate().map(|(n, a)| self.argument(*function, n, a)).collect();
                format!("{}({})", function.word(), args.join(", "))
            }
        }
    }

    fn argument(&self, function: Function, number: usize, arg: &Expr) -> String {
        match (function, arg) {
            (Function::ChoiceName, Expr::Node(id, keep)) if number == 1 => {
                format!("'{}'", self.place(*id, *keep))
            }
            (Function::IndexedRepeat, Expr::Node(id, _)) if number == 0 || number % 2 == 1 => {
                self.form.path(*id)
            }
            _ => self.write(arg, 0),
        }
    }

    fn place(&self, id: NodeId, keep: usize) -> String {
        let nodes = &self.form.nodes;
        let (context, target) = (&nodes[self.context], &nodes[id]);
        let shared = context.repeats[..context.depth()]
            .iter()
            .zip(&target.repeats[..target.depth()])
            .take_while(|(a, b)| a == b)
            .count();
        // `..` up to a repeat means this instance of it; a repeat by name means all of them.
        let instance = keep == target.repeats.len() && keep > target.depth();
        if !instance && keep == 0 && shared == 0 {
            return if id == self.context { ".".to_owned() } else { self.form.path(id) };
        }
        let mut above: Vec<NodeId> = Vec::new();
        let mut at = self.context;
        while at != 0 {
            at = nodes[at].parent;
            above.push(at);
        }
        let within = |ancestor: NodeId| {
            let mut at = id;
            while at != ancestor && at != 0 {
                at = nodes[at].parent;
            }
            at == ancestor
        };
        if id == self.context {
            return ".".to_owned();
        }
        // The nearest section around both, outside of the repeats whose every instance is meant.
        let meets = |ancestor: &NodeId| within(*ancestor) && nodes[*ancestor].repeats.len() <= keep;
        let steps = above.iter().position(meets).map_or(above.len(), |n| n + 1);
        let top = steps.checked_sub(1).map_or(self.context, |n| above[n]);
        let path = vec![".."; steps].join("/");
        let below = &self.form.path(id)[self.form.path(top).len()..];
        let start = if self.filter { "current()/" } else { "" };
        format!("{start}{path}{below}")
    }
}
