//! Which forms are valid: a table of cases, held against pyxform itself where it is installed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod common;

use std::process::Command;

use common::{from_markdown, pyxform};
use linli_forms::{Level, Problem, read_workbook};

struct Case {
    name: String,
    verdict: String,
    ours: Vec<String>,
    sheets: String,
}

fn cases() -> Vec<Case> {
    let text = include_str!("cases/xlsform.txt");
    text.split("\n== ")
        .skip(1)
        .map(|block| {
            let mut lines = block.lines();
            let name = lines.next().unwrap().to_owned();
            let verdict = lines.next().unwrap().strip_prefix("pyxform: ").unwrap().to_owned();
            let ours = lines.next().unwrap().strip_prefix("ours:").unwrap();
            let ours = ours.split_whitespace().map(str::to_owned).collect();
            let sheets = lines.filter(|line| line.starts_with('|')).collect::<Vec<_>>().join("\n") + "\n";
            Case { name, verdict, ours, sheets }
        })
        .collect()
}

/// `code@sheet!B3`
fn short(problem: &Problem) -> String {
    let row = if problem.row == 0 { String::new() } else { problem.row.to_string() };
    format!("{}@{}!{}{row}", problem.code.word(), problem.sheet, problem.letter)
}

#[test]
fn every_case_says_what_is_wrong_and_where() {
    let cases = cases();
    assert!(cases.len() > 50);
    for case in cases {
        let reading = read_workbook(&from_markdown(&case.sheets));
        let mut found: Vec<String> =
            reading.problems.iter().filter(|p| p.level() > Level::Warning).map(short).collect();
        let mut wanted = case.ours.clone();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted, "{}: {:#?}", case.name, reading.problems);
        assert_eq!(reading.is_usable(), wanted.is_empty(), "{}", case.name);
        let sound = matches!(case.verdict.as_str(), "ok");
        assert_eq!(reading.is_usable(), sound, "{}: the table contradicts itself", case.name);
    }
}

#[test]
fn an_audit_is_left_out_and_said_so() {
    let sheets = "| survey | | | |\n| | type | name | label |\n| | audit | audit | |\n| | text | a | A |\n";
    let reading = read_workbook(&from_markdown(sheets));
    assert_eq!(reading.problems.iter().map(short).collect::<Vec<_>>(), ["ignored@survey!A2"]);
    assert!(reading.form.unwrap().nodes.iter().all(|node| node.name != "audit"));
}

#[test]
fn a_circle_names_all_that_are_in_it() {
    let case = cases().into_iter().find(|case| case.name.starts_with("relevance that waits")).unwrap();
    let problem = read_workbook(&from_markdown(&case.sheets)).problems.remove(0);
    assert_eq!((problem.row, problem.column.as_str()), (3, "relevant"));
    assert_eq!(problem.args, [("names".to_owned(), "a → b → a".to_owned())]);
}

/// pyxform's verdict on every case, in one run of Python.
const JUDGE: &str = r#"
import json, sys
from pyxform.xls2xform import convert
for text in json.load(sys.stdin):
    try:
        convert(xlsform=text, validate=False)
        print(json.dumps("ok"))
    except Exception as error:
        print(json.dumps(str(error)))
"#;

#[test]
fn pyxform_agrees() {
    let Some(python) = pyxform() else { return };
    let cases = cases();
    let sheets: Vec<&str> = cases.iter().map(|case| case.sheets.as_str()).collect();
    let out =
        common::run(Command::new(python).arg("-c").arg(JUDGE), &serde_json::to_string(&sheets).unwrap());
    let verdicts: Vec<String> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(verdicts.len(), cases.len());
    for (case, verdict) in cases.iter().zip(&verdicts) {
        let rejects = case.verdict.starts_with("error");
        assert_eq!(verdict != "ok", rejects, "{}: pyxform says {verdict}", case.name);
        if let Some(row) = case.verdict.strip_prefix("error ") {
            assert!(verdict.contains(&format!("row : {row}]")), "{}: pyxform says {verdict}", case.name);
        }
    }
}
