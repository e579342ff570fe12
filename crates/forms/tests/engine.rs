//! Expressions and forms at work. The cases are written once; what they compile to stands in `golden/engine.json`,
//! which the browser's evaluator runs too (`e2e/tests/forms-engine.test.mjs`).
//!
//! `LINLI_UPDATE=1` writes that file anew.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod common;

use std::collections::BTreeSet;

use common::{NOW, form};
use linli_forms::{
    Engine, Form, Instance, Key, Scope,
    render::{field, find_field},
    xpath::{Expr, Names, parse},
};
use serde_json::{Value as Json, json};

const HOUSEHOLD: &str = include_str!("cases/household.txt");

fn household() -> Form {
    form(HOUSEHOLD)
}

fn worth(form: &Form, instance: &Instance, (node, at): &Key, expr: &Expr) -> String {
    let scope = Scope { form, instance, now: NOW, language: 0, node: *node, at, choice: None };
    scope.eval(expr).text()
}

fn read(form: &Form, node: usize, text: &str) -> Expr {
    let names = Names::new(&form.nodes, &BTreeSet::new());
    parse(text, &names, node, false).unwrap_or_else(|error| panic!("{text}: {error}"))
}

struct Line {
    at: String,
    expr: String,
    value: String,
}

/// The answers and the lines of `expressions.txt`.
fn table() -> (Json, Vec<Line>) {
    let (mut answers, mut at, mut lines) = (Json::Null, String::new(), Vec::new());
    for line in include_str!("cases/expressions.txt").lines().filter(|l| !l.is_empty() && !l.starts_with('#'))
    {
        if let Some(text) = line.strip_prefix("answers: ") {
            answers = serde_json::from_str(text).unwrap();
        } else if let Some(place) = line.strip_prefix("at ") {
            place.clone_into(&mut at);
        } else {
            let (expr, value) = line.rsplit_once("=>").unwrap();
            lines.push(Line { at: at.clone(), expr: expr.trim().to_owned(), value: value.trim().to_owned() });
        }
    }
    (answers, lines)
}

fn answered(form: &Form, answers: &Json) -> Instance {
    let mut instance = Instance::from_json(form, answers);
    Engine::new(form, NOW, 0).recompute(&mut instance);
    instance
}

#[test]
fn expressions_are_worth_what_the_table_says() {
    let form = household();
    let (answers, lines) = table();
    let instance = answered(&form, &answers);
    assert!(lines.len() > 130);
    for line in lines {
        let key = find_field(&form, &line.at).unwrap();
        let expr = read(&form, key.0, &line.expr);
        assert_eq!(worth(&form, &instance, &key, &expr), line.value, "{} at {}", line.expr, line.at);
    }
}

fn state_of(form: &Form, case: &Json) -> (Instance, Json) {
    let language = form.language(case["language"].as_str().unwrap_or("zh-CN"));
    let engine = Engine::new(form, NOW, language);
    let mut instance =
        if case["fresh"] == true { engine.start() } else { Instance::from_json(form, &case["answers"]) };
    engine.recompute(&mut instance);
    let faults: Vec<String> = engine
        .faults(&instance)
        .into_iter()
        .map(|fault| {
            let kind = serde_json::to_value(fault.kind).unwrap();
            let text = format!(
                "{} {} {}",
                field(form, fault.node, &fault.at),
                kind.as_str().unwrap(),
                fault.message
            );
            text.trim().to_owned()
        })
        .collect();
    // Only the outermost of what is hidden: what lies inside is hidden with it.
    let hidden: Vec<String> = (1..form.nodes.len())
        .flat_map(|id| instance.places(form, id).into_iter().map(move |at| (id, at)))
        .filter(|(id, at)| {
            let node = form.node(*id);
            let above = &at[..form.node(node.parent).depth().min(at.len())];
            !instance.is_relevant(*id, at) && instance.is_relevant(node.parent, above)
        })
        .map(|(id, at)| field(form, id, &at))
        .collect();
    let result = json!({ "result": instance.to_json(form), "faults": faults, "hidden": hidden });
    (instance, result)
}

fn states() -> Vec<Json> {
    serde_json::from_str(include_str!("cases/states.json")).unwrap()
}

#[test]
fn forms_work_as_the_table_says() {
    let form = household();
    for case in states() {
        let (_, found) = state_of(&form, &case);
        for part in ["result", "faults", "hidden"] {
            assert_eq!(found[part], case[part], "{}: {part}", case["name"]);
        }
    }
}

#[test]
fn the_browser_is_given_the_same_cases() {
    let form = household();
    let (answers, lines) = table();
    let expressions: Vec<Json> = lines
        .iter()
        .map(|line| {
            let (node, at) = find_field(&form, &line.at).unwrap();
            json!([line.expr, node, at, read(&form, node, &line.expr), line.value])
        })
        .collect();
    let instance = answered(&form, &answers);
    let random: Vec<Json> = random_expressions(&form)
        .into_iter()
        .map(|(key, expr)| {
            let value = worth(&form, &instance, &key, &expr);
            json!([key.0, key.1, expr, value])
        })
        .collect();
    let golden = json!({
        "now": { "local_ms": NOW.local_ms, "offset": NOW.offset },
        "form": form,
        "answers": answers,
        "expressions": expressions,
        "random": random,
        "states": states(),
    });
    let text = serde_json::to_string(&golden).unwrap().replace("],[", "],\n[") + "\n";
    // Asked when it runs: a test that was built in another clone looks into this one.
    let root = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    let path = std::path::Path::new(&root).join("tests/golden/engine.json");
    if std::env::var_os("LINLI_UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == text, "golden/engine.json is old: LINLI_UPDATE=1 cargo nextest run -p linli-forms");
}

/// Expressions that nobody would write, the same every time.
fn random_expressions(form: &Form) -> Vec<(Key, Expr)> {
    let mut dice = Dice(20_261_127);
    let places =
        ["name", "members", "people/0/age", "people/2/who", "people/0/pills/1/dose", "visit/visited"];
    (0..600)
        .map(|n| {
            let key = find_field(form, places[n % places.len()]).unwrap();
            let text = dice.expression(3);
            let expr = read(form, key.0, &text);
            (key, expr)
        })
        .collect()
}

/// A small generator of its own: the golden file must not change with a library.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }

    fn expression(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.leaf();
        }
        let inner = |dice: &mut Self| dice.expression(depth - 1);
        match self.roll(10) {
            0 | 1 => self.leaf(),
            2..=5 => {
                let operator =
                    self.pick(&["+", "-", "*", "div", "mod", "=", "!=", "<", "<=", ">", ">=", "and", "or"]);
                format!("({} {operator} {})", inner(self), inner(self))
            }
            6 => format!("if({}, {}, {})", inner(self), inner(self), inner(self)),
            7 => {
                let function = self.pick(&[
                    "string",
                    "number",
                    "boolean",
                    "not",
                    "int",
                    "round",
                    "abs",
                    "floor",
                    "ceiling",
                    "string-length",
                    "normalize-space",
                    "date",
                    "date-time",
                    "decimal-date-time",
                    "decimal-time",
                    "count-selected",
                    "boolean-from-string",
                ]);
                format!("{function}({})", inner(self))
            }
            8 => {
                let function = self.pick(&[
                    "concat",
                    "coalesce",
                    "min",
                    "max",
                    "selected",
                    "selected-at",
                    "contains",
                    "starts-with",
                    "ends-with",
                    "substring-before",
                    "substring-after",
                    "substr",
                    "round",
                    "join",
                ]);
                format!("{function}({}, {})", inner(self), inner(self))
            }
            _ => {
                let function = self.pick(&["sum", "count", "count-non-empty"]);
                let place = self.pick(&["${age}", "${dose}", "${people}", "${senior}", "${who}"]);
                format!("{function}({place})")
            }
        }
    }

    fn leaf(&mut self) -> String {
        let leaf = self.pick(&[
            "0",
            "1",
            "2.5",
            "-3",
            "10",
            "''",
            "'a'",
            "' 7 '",
            "'张三'",
            "'meals'",
            "'2026-11-20'",
            "'08:30'",
            "true()",
            "today()",
            "now()",
            ".",
            "${name}",
            "${members}",
            "${needs}",
            "${visited}",
            "${again}",
            "${hour}",
            "${age}",
            "${dose}",
            "${who}",
            "${tenure}",
            "${seniors}",
            "position(..)",
        ]);
        leaf.to_owned()
    }
}
