//! What the tests share: sheets from Markdown, and pyxform when it is there.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::{
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use linli_forms::{Form, Now, Workbook, read_workbook};

/// Half past eight of 2026-11-27 in China.
pub(crate) const NOW: Now = Now { local_ms: 1_795_768_200_000, offset: 480 };

/// The sheets of pyxform's Markdown.
pub(crate) fn from_markdown(text: &str) -> Workbook {
    let mut csv = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
    for line in text.lines().filter(|line| line.trim_start().starts_with('|')) {
        let line = line.trim().trim_start_matches('|').trim_end_matches('|');
        csv.write_record(line.split('|').map(str::trim)).unwrap();
    }
    Workbook::read(&csv.into_inner().unwrap()).unwrap()
}

/// A form that must be right.
pub(crate) fn form(markdown: &str) -> Form {
    let reading = read_workbook(&from_markdown(markdown));
    reading.form.unwrap_or_else(|| panic!("{:#?}", reading.problems))
}

/// A Python that has pyxform: `LINLI_PYXFORM_PYTHON`, else `python3`. Says so on stderr when there is none.
pub(crate) fn pyxform() -> Option<PathBuf> {
    let python =
        std::env::var_os("LINLI_PYXFORM_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from);
    let found = Command::new(&python).args(["-c", "import pyxform"]).stderr(Stdio::null()).status();
    if found.is_ok_and(|status| status.success()) {
        Some(python)
    } else {
        eprintln!(
            "SKIPPED: pyxform is not installed (pip install pyxform; LINLI_PYXFORM_PYTHON names the Python)"
        );
        None
    }
}

/// What a program says about its input.
pub(crate) fn run(command: &mut Command, input: &str) -> String {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let feed = std::thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let out = child.wait_with_output().unwrap();
    feed.join().unwrap();
    assert!(out.status.success(), "the program failed");
    String::from_utf8(out.stdout).unwrap()
}
