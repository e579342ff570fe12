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
