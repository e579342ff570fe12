//! Texts in Chinese and English, from the Fluent files of every slice.

use std::{collections::BTreeSet, sync::Arc};

use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use linli_kernel::{FieldError, Timestamp};
pub use linli_store::op::Language;
use unic_langid::langid;

/// All texts of all slices.
#[derive(Clone)]
pub struct Catalog(Arc<[Bundle; 2]>);

struct Bundle {
    texts: FluentBundle<FluentResource>,
    keys: BTreeSet<String>,
}

/// Why a Fluent file cannot be used.
#[derive(Debug)]
pub struct BadTexts(pub String);

impl std::fmt::Display for BadTexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for BadTexts {}

fn keys(source: &str) -> impl Iterator<Item = String> + '_ {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    source.lines().filter_map(move |line| {
        let (key, _) = line.split_once('=')?;
        let key = key.trim_end();
        (key.starts_with(|c: char| c.is_ascii_alphabetic()) && key.chars().all(is_word))
            .then(|| key.to_owned())
    })
}

impl Catalog {
    /// Reads the files of all slices; a broken file or a key given twice is refused.
    pub fn new<'a>(files: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> Result<Self, BadTexts> {
        let mut bundles = [Language::Chinese, Language::English].map(|language| {
            let id = if language == Language::Chinese { langid!("zh-CN") } else { langid!("en") };
            let mut texts = FluentBundle::new_concurrent(vec![id]);
            texts.set_use_isolating(false);
            Bundle { texts, keys: BTreeSet::new() }
        });
        for (language, source) in files {
            let n = usize::from(*language != Language::Chinese.as_str());
            let resource = FluentResource::try_new((*source).to_owned())
                .map_err(|(_, e)| BadTexts(format!("{language}: {e:?}")))?;
            bundles[n].texts.add_resource(resource).map_err(|e| BadTexts(format!("{language}: {e:?}")))?;
            bundles[n].keys.extend(keys(source));
        }
        Ok(Self(Arc::new(bundles)))
    }

    /// A view in one language.
    pub fn locale(&self, language: Language) -> Locale {
        Locale { catalog: self.clone(), language, year: None }
    }

    /// The keys of one language.
    pub fn keys(&self, language: Language) -> &BTreeSet<String> {
        &self.bundle(language).keys
    }

    fn bundle(&self, language: Language) -> &Bundle {
        &self.0[usize::from(language == Language::English)]
    }
}

/// The texts in the person's language.
#[derive(Clone)]
pub struct Locale {
    catalog: Catalog,
    /// Which language.
    pub language: Language,
    /// The present year, which goes without saying; none where no present is known.
    year: Option<i32>,
}

impl Locale {
    /// The text of `key`; a missing key shows itself (and fails a test).
    pub fn t(&self, key: &str) -> String {
        self.format(key, None)
    }

    /// The text of `key` with arguments.
    pub fn t_with(&self, key: &str, args: &[(&str, String)]) -> String {
        let mut fluent = FluentArgs::new();
        for (name, value) in args {
            // Numbers stay numbers, so that plural forms choose by them.
            let value =
                value.parse::<i64>().map_or_else(|_| FluentValue::from(value.clone()), FluentValue::from);
            fluent.set((*name).to_owned(), value);
        }
        self.format(key, Some(&fluent))
    }

    /// The sentence of a wrong field.
    pub fn field_error(&self, error: &FieldError) -> String {
        let args: Vec<(&str, String)> = error.args.iter().map(|(n, v)| (n.as_str(), v.clone())).collect();
        self.t_with(&error.key, &args)
    }

    /// The same texts for a reader at `now`.
    #[must_use]
    pub fn at(mut self, now: Timestamp) -> Self {
        self.year = Some(now.china_year());
        self
    }

    /// A date and time as people read it, with the year where it is not the present one.
    pub fn time(&self, at: Timestamp) -> String {
        if self.language == Language::Chinese { at.zh(self.year) } else { at.en(self.year) }
    }

    fn format(&self, key: &str, args: Option<&FluentArgs<'_>>) -> String {
        let bundle = &self.catalog.bundle(self.language).texts;
        match bundle.get_message(key).and_then(|m| m.value()) {
            Some(pattern) => bundle.format_pattern(pattern, args, &mut Vec::new()).into_owned(),
            None => key.to_owned(),
        }
    }
}
