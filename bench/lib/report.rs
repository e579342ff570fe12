//! What the benchmarks have in common: lines of a table with what they should hold, shown and written as JSON.

use std::{error::Error, fs, path::Path};

use serde_json::{Value, json};

/// What a part of the benchmark answers.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// One line of the table.
pub(crate) struct Row {
    what: String,
    figure: String,
    value: f64,
    unit: String,
    goal: Option<(bool, f64)>,
    detail: Value,
}

impl Row {
    pub(crate) fn figure(what: &str, figure: &str, value: f64, goal: Option<(bool, f64)>) -> Self {
        let (what, figure) = (what.to_owned(), figure.to_owned());
        Self { what, figure, value, unit: String::new(), goal, detail: Value::Null }
    }

    pub(crate) fn at_least(what: &str, figure: &str, value: f64, goal: f64) -> Self {
        Self::figure(what, figure, value, Some((true, goal)))
    }

    pub(crate) fn at_most(what: &str, figure: &str, value: f64, goal: f64) -> Self {
        Self::figure(what, figure, value, Some((false, goal)))
    }

    pub(crate) fn unit(mut self, unit: &str) -> Self {
        unit.clone_into(&mut self.unit);
        self
    }

    pub(crate) fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    fn held(&self) -> Option<bool> {
        self.goal.map(|(least, goal)| if least { self.value >= goal } else { self.value <= goal })
    }
}

/// The middle of several figures.
pub(crate) fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

fn print(rows: &[Row]) {
    println!("| what | figure | value | goal | held |\n|---|---|---|---|---|");
    for row in rows {
        let goal = row
            .goal
            .map_or(String::new(), |(least, goal)| format!("{} {goal}", if least { "≥" } else { "≤" }));
        let held = row.held().map_or("", |held| if held { "yes" } else { "NO" });
        println!("| {} | {} | {} {} | {goal} | {held} |", row.what, row.figure, shown(row.value), row.unit);
    }
}

fn shown(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

/// Prints the table and writes it as JSON.
pub(crate) fn show(rows: &[Row], out: &Path) -> Outcome<()> {
    print(rows);
    let table: Vec<Value> = rows
        .iter()
        .map(|r| json!({ "what": r.what, "figure": r.figure, "value": r.value, "unit": r.unit, "goal": r.goal.map(|g| g.1),
            "held": r.held(), "detail": r.detail }))
        .collect();
    if let Some(folder) = out.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(out, serde_json::to_string_pretty(&table)?)?;
    println!("\nwritten to {}", out.display());
    Ok(())
}
