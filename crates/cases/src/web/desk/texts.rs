//! Every word that the desks say is there in both languages.

use std::{collections::BTreeSet, fs, path::Path};

use linli_kernel::calendar::{DayKind, Unit};

use crate::{
    model::{
        Action, CaseState, ClockKind, DeclineReason, Extent, Nature, Outcome, ReturnReason, Satisfaction,
        Source, WhistleLevel,
    },
    read::{AskKind, Fact},
};

fn keys(source: &str) -> BTreeSet<&str> {
    source.lines().filter_map(|l| l.split_once(" = ")).map(|(key, _)| key).collect()
}

/// Every `"desk-…"` that a file of the folder writes out in full.
fn written(folder: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name == "texts.rs") {
            continue;
        }
        if path.is_dir() {
            written(&path, into);
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        for (at, _) in text.match_indices("\"desk-") {
            let key: String = text[at + 1..].chars().take_while(|c| *c != '"').collect();
            if key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') && !key.ends_with('-')
            {
                into.insert(key);
            }
        }
    }
}

fn listed<T: std::fmt::Display>(list: &str, all: &[T], into: &mut BTreeSet<String>) {
    into.extend(all.iter().map(|word| format!("desk-{list}-{word}")));
}

#[test]
fn every_word_is_there_in_both_languages() {
    let (zh, en) =
        (include_str!("../../../locales/desk/zh-CN.ftl"), include_str!("../../../locales/desk/en.ftl"));
    assert_eq!(keys(zh), keys(en));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wanted = BTreeSet::new();
    written(&root.join("templates/desk"), &mut wanted);
    written(&root.join("src/web/desk"), &mut wanted);
    listed("state", CaseState::ALL, &mut wanted);
    listed("whistle", WhistleLevel::ALL, &mut wanted);
    listed("source", Source::ALL, &mut wanted);
    listed("nature", Nature::ALL, &mut wanted);
    listed("decline", DeclineReason::ALL, &mut wanted);
    listed("return", ReturnReason::ALL, &mut wanted);
    listed("extent", Extent::ALL, &mut wanted);
    listed("outcome", Outcome::ALL, &mut wanted);
    listed("satisfaction", Satisfaction::ALL, &mut wanted);
    listed("clock", ClockKind::ALL, &mut wanted);
    listed("ask", AskKind::ALL, &mut wanted);
    listed("counted", Fact::ALL, &mut wanted);
    listed("unit", Unit::ALL, &mut wanted);
    listed("day", DayKind::ALL, &mut wanted);
    listed("log", Action::ALL, &mut wanted);
    for action in Action::ALL.iter().filter(|a| !matches!(a, Action::Report | Action::Escalate)) {
        for key in [format!("act-{action}"), format!("act-{action}-do"), format!("done-{action}")] {
            wanted.insert(format!("desk-{key}"));
        }
    }
    let known = keys(zh);
    let missing: Vec<&String> = wanted.iter().filter(|key| !known.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
