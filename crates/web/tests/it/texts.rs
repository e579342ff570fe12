//! Every text that a page or an error asks for exists, in both languages.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use linli_store::op::Language;
use linli_web::Catalog;

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|e| e == ending) {
            found.push(path);
        }
    }
}

/// The files of all slices with this ending under this folder of each.
fn of_all_slices(folder: &str, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for slice in fs::read_dir(crates()).unwrap() {
        files(&slice.unwrap().path().join(folder), ending, &mut found);
    }
    found.sort();
    found.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

fn catalog() -> Catalog {
    let sources = of_all_slices("locales", "ftl");
    let files: Vec<(&str, &str)> = sources
        .iter()
        .map(|(path, text)| (path.file_stem().unwrap().to_str().unwrap(), text.as_str()))
        .collect();
    Catalog::new(&files).unwrap()
}

/// Is this the form of a text's key: lower-case words joined by hyphens?
fn is_key(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !word.ends_with('-')
}

/// The string literals that stand first (or, of `field`, second) in calls that end in one of `calls`.
fn asked(source: &str, calls: &[&str]) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for call in calls {
        for (at, _) in source.match_indices(call) {
            let mut rest = source[at + call.len()..].trim_start();
            if call.ends_with("field(") || *call == "FieldError::new(" {
                let Some((_, second)) = rest.split_once(',') else { continue };
                rest = second.trim_start();
            }
            if let Some((key, _)) = rest.strip_prefix('"').and_then(|r| r.split_once('"'))
                && is_key(key)
            {
                keys.insert(key.to_owned());
            }
        }
    }
    keys
}

fn missing(catalog: &Catalog, wanted: BTreeMap<PathBuf, BTreeSet<String>>) -> Vec<String> {
    let mut missing = Vec::new();
    for (path, keys) in wanted {
        for key in keys {
            for language in [Language::Chinese, Language::English] {
                if !catalog.keys(language).contains(&key) {
                    let path = path.strip_prefix(crates()).unwrap().display().to_string();
                    missing.push(format!("{path}: {key} ({language})"));
                }
            }
        }
    }
    missing
}

#[test]
fn the_year_goes_without_saying_only_in_the_present_one() {
    let old: linli_kernel::Timestamp = "2012-01-19T17:49:00+08:00".parse().unwrap();
    let now: linli_kernel::Timestamp = "2026-12-01T09:00:00+08:00".parse().unwrap();
    let chinese = catalog().locale(Language::Chinese);
    assert_eq!(chinese.time(old), "2012年1月19日 周四 17:49");
    assert_eq!(chinese.clone().at(now).time(old), "2012年1月19日 周四 17:49");
    assert_eq!(chinese.at(now).time(now), "12月1日 周二 09:00");
    assert_eq!(catalog().locale(Language::English).at(now).time(old), "Thu 19 Jan 2012 17:49");
}

#[test]
fn both_languages_say_the_same_things() {
    let catalog = catalog();
    let [chinese, english] = [Language::Chinese, Language::English].map(|l| catalog.keys(l).clone());
    assert!(chinese.len() > 40, "the walk found the locale files");
    assert_eq!(chinese.difference(&english).collect::<Vec<_>>(), [""; 0], "only in Chinese");
    assert_eq!(english.difference(&chinese).collect::<Vec<_>>(), [""; 0], "only in English");
}

#[test]
fn every_text_of_a_template_exists() {
    let calls = [".t(", ".t1(", ".t2(", ".tn("];
    let wanted: BTreeMap<_, _> = of_all_slices("templates", "html")
        .into_iter()
        .map(|(path, text)| (path, asked(&text, &calls)))
        .collect();
    assert!(wanted.values().map(BTreeSet::len).sum::<usize>() > 30, "the walk found the templates");
    assert_eq!(missing(&catalog(), wanted), [""; 0]);
}

/// The slice has texts of its own; one without has no pages yet.
fn speaks(path: &Path) -> bool {
    let slice = path.strip_prefix(crates()).unwrap().components().next().unwrap();
    crates().join(slice).join("locales").is_dir()
}

#[test]
fn every_text_that_code_names_exists() {
    let calls = [
        ".t(",
        ".t_with(",
        ".chrome(",
        "Error::field(",
        "Error::Forbidden(",
        "Error::Conflict(",
        "Error::TooLarge(",
        "Error::Unavailable(",
        "FieldError::new(",
    ];
    let wanted: BTreeMap<_, _> = of_all_slices("src", "rs")
        .into_iter()
        .filter(|(path, _)| speaks(path) && !path.ends_with("tests.rs"))
        .map(|(path, text)| {
            // Unit tests name keys of their own.
            let code = text.split_once("#[cfg(test)]").map_or(text.as_str(), |(code, _)| code);
            (path, asked(code, &calls))
        })
        .collect();
    assert!(wanted.values().map(BTreeSet::len).sum::<usize>() > 3, "the walk found the sources");
    assert_eq!(missing(&catalog(), wanted), [""; 0]);
}

/// The acts that code writes into the log: words joined by a dot that stand after `action:`, or in a call that logs.
fn logged(code: &str) -> BTreeSet<String> {
    const LOGS: [&str; 7] = ["action:", "log(", "note(", "noted(", "entry(", "save(", "right("];
    let is_act = |text: &str| {
        let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        text.split_once('.').is_some_and(|(a, b)| word(a) && word(b))
    };
    let mut acts = BTreeSet::new();
    // Between the marks of a text every other piece is one.
    for (at, _) in code.match_indices('"') {
        let Some((text, _)) = code[at + 1..].split_once('"') else { continue };
        // The statement up to here, in one line.
        let start = code[..at].rfind(';').map_or(0, |n| n + 1);
        let said = code[start..at].split_whitespace().collect::<Vec<_>>().join(" ");
        let near: String = said.chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect();
        if is_act(text) && LOGS.iter().any(|call| near.contains(call)) {
            acts.insert(text.to_owned());
        }
    }
    acts
}

/// What the policy's table has words for.
fn of_policy() -> BTreeSet<String> {
    let table = fs::read_to_string(crates().join("../policies/permissions.csv")).unwrap();
    table.lines().filter_map(|line| line.split_once(',')).map(|(action, _)| action.to_owned()).collect()
}

#[test]
fn every_act_of_the_log_has_words() {
    let (catalog, policy) = (catalog(), of_policy());
    let mut found = BTreeSet::new();
    for (path, text) in of_all_slices("src", "rs") {
        if !path.ends_with("tests.rs") {
            found.extend(logged(text.split_once("#[cfg(test)]").map_or(text.as_str(), |(code, _)| code)));
        }
    }
    assert!(found.len() > 90, "the walk found the acts: {}", found.len());
    // As `linli_access::log::act` looks for them.
    let silent: Vec<String> = found
        .into_iter()
        .filter(|act| !policy.contains(act))
        .flat_map(|act| [Language::Chinese, Language::English].map(|language| (act.clone(), language)))
        .filter(|(act, language)| {
            let keys = catalog.keys(*language);
            let of_case = act.strip_prefix("case.").map(|word| format!("desk-act-{word}"));
            !keys.contains(&format!("act-{}", act.replace(['.', '_'], "-")))
                && !of_case.is_some_and(|key| keys.contains(&key))
        })
        .map(|(act, language)| format!("{act} ({language})"))
        .collect();
    assert_eq!(silent, [""; 0]);
}

#[test]
fn acts_are_read_as_written() {
    let code = r#"log(
        op, "meeting.note", id) ; let file = "a.csv"; Entry { action: "case.export", subject: "case" };
        save(op, if dropped { "place.drop" } else { "place.take_back" }, &new); conn.all("c.id")"#;
    let acts: Vec<_> = logged(code).into_iter().collect();
    assert_eq!(acts, ["case.export", "meeting.note", "place.drop", "place.take_back"]);
}

#[test]
fn calls_are_read_as_written() {
    let html =
        r#"{{ chrome.t("a-b") }} {{ chrome.t1( "c", "n", 1) }} {{ chrome.t(item.key) }} {{ x.t2("d-", ) }}"#;
    assert_eq!(asked(html, &[".t(", ".t1(", ".t2("]).into_iter().collect::<Vec<_>>(), ["a-b", "c"]);
    let code = r#"Error::field("phone", "error-phone") Error::Conflict(
        "error-in-use",
    ) Error::field(name.clone(), key)"#;
    let keys = asked(code, &["Error::field(", "Error::Conflict("]);
    assert_eq!(keys.into_iter().collect::<Vec<_>>(), ["error-in-use", "error-phone"]);
}
