//! Small forms, one per action, described as data: every one of them keeps what was typed, says at the
//! field what is wrong and is drawn by the same few lines of template.

use std::collections::BTreeMap;

use askama::Template;
use linli_web::{Chrome, Locale, Markup, Problems, markup::escaped};

/// What somebody typed, by field; of a repeated field, every value.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed(BTreeMap<String, Vec<String>>);

impl Typed {
    pub(super) fn new(fields: BTreeMap<String, Vec<String>>) -> Self {
        Self(fields)
    }

    /// The first value of a field.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).and_then(|v| v.first()).map_or("", String::as_str)
    }

    /// Every value of a field that is not empty.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0.get(name).into_iter().flatten().map(|v| v.trim()).filter(|v| !v.is_empty()).collect()
    }

    /// Every value of a repeated field in order, the empty ones too.
    pub(super) fn every(&self, name: &str) -> Vec<String> {
        self.0.get(name).cloned().unwrap_or_default()
    }

    /// Whether the field came at all.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The text without spaces around it, if there is any.
    pub(super) fn some(&self, name: &str) -> Option<&str> {
        Some(self.get(name).trim()).filter(|t| !t.is_empty())
    }

    /// Every field and value, for a fingerprint.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().flat_map(|(k, values)| values.iter().map(move |v| (k.as_str(), v.as_str())))
    }
}

/// One choice of a list.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
    /// The single key that chooses it.
    pub(super) key: &'static str,
}

impl Choice {
    pub(super) fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into(), chosen: false, key: "" }
    }
}

/// Choices under one heading; an empty heading shows none.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) label: String,
    pub(super) choices: Vec<Choice>,
}

/// What kind of field it is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// Several lines, with ready sentences (name and text) beside it.
    Lines(u8, Vec<(String, String)>),
    Line,
    Date(String, String),
    Number(u32, u32),
    Pick(Vec<Group>),
    Radio(Vec<Choice>),
    Check,
    Photos,
    Hidden,
}

/// One field as the template draws it.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) id: String,
    pub(super) label: String,
    pub(super) hint: String,
    pub(super) required: bool,
    pub(super) kind: Kind,
    pub(super) value: String,
    pub(super) error: String,
}

#[derive(Template)]
#[template(path = "desk/field.html")]
struct FieldPiece<'a> {
    chrome: &'a Chrome,
    f: &'a Field,
}

/// A piece of a page; our own templates do not fail, and an empty piece is seen by the tests.
pub(super) fn piece(template: &impl Template) -> Markup {
    Markup::trusted(template.render().unwrap_or_default())
}

impl Field {
    /// The attributes that tie the field to its hint and its error.
    fn ties(&self) -> Markup {
        let mut ids = Vec::new();
        if !self.hint.is_empty() {
            ids.push(format!("{}-hint", self.id));
        }
        if !self.error.is_empty() {
            ids.push(format!("{}-err", self.id));
        }
        let mut html = String::new();
        if !ids.is_empty() {
            html = format!(" aria-describedby=\"{}\"", escaped(&ids.join(" ")));
        }
        if !self.error.is_empty() {
            html.push_str(" aria-invalid=\"true\"");
        }
        Markup::trusted(html)
    }

    pub(super) fn is_wrong(&self) -> bool {
        !self.error.is_empty()
    }

    pub(super) fn show(&self, chrome: &Chrome) -> Markup {
        piece(&FieldPiece { chrome, f: self })
    }
}

/// A form as the template draws it.
#[derive(Debug, Clone)]
pub(super) struct Form {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) title: String,
    pub(super) hint: String,
    pub(super) submit: String,
    pub(super) icon: &'static str,
    /// `primary`, `danger` or nothing.
    pub(super) tone: &'static str,
    pub(super) shortcut: &'static str,
    pub(super) fields: Vec<Field>,
    /// Shown without a press.
    pub(super) open: bool,
    /// Why it was not done, if that is no field's fault.
    pub(super) trouble: String,
    /// Where to go afterwards.
    pub(super) back: String,
    pub(super) once: String,
}

#[derive(Template)]
#[template(path = "desk/form.html")]
struct FormPiece<'a> {
    chrome: &'a Chrome,
    form: &'a Form,
}

#[derive(Template)]
#[template(path = "desk/act.html")]
struct ActPiece<'a> {
    chrome: &'a Chrome,
    form: &'a Form,
}

impl Form {
    /// The form alone.
    pub(super) fn show(&self, chrome: &Chrome) -> Markup {
        piece(&FormPiece { chrome, form: self })
    }

    /// The form under a heading that opens it.
    pub(super) fn fold(&self, chrome: &Chrome) -> Markup {
        piece(&ActPiece { chrome, form: self })
    }

    pub(super) fn has_photos(&self) -> bool {
        self.fields.iter().any(|f| matches!(f.kind, Kind::Photos))
    }

    pub(super) fn errors(&self) -> Vec<&Field> {
        self.fields.iter().filter(|f| !f.error.is_empty()).collect()
    }

    /// A form without anything to fill in is one button.
    pub(super) fn is_button(&self) -> bool {
        self.fields.iter().all(|f| matches!(f.kind, Kind::Hidden))
    }
}

/// Fills forms with what was typed and what was wrong.
pub(super) struct Fill<'a> {
    pub(super) locale: &'a Locale,
    pub(super) prefix: String,
    pub(super) typed: Option<&'a Typed>,
    pub(super) problems: Option<&'a Problems>,
}

impl Fill<'_> {
    fn field(&self, name: &'static str, label: &str, kind: Kind) -> Field {
        let value = self.typed.map_or("", |t| t.get(name)).to_owned();
        let error = self.problems.and_then(|p| p.at(name)).unwrap_or_default().to_owned();
        Field {
            name,
            id: format!("{}-{name}", self.prefix),
            label: self.locale.t(label),
            hint: String::new(),
            required: false,
            kind,
            value,
            error,
        }
    }

    /// Several lines that must be there.
    pub(super) fn lines(&self, name: &'static str, label: &str) -> Field {
        Field { required: true, ..self.field(name, label, Kind::Lines(3, Vec::new())) }
    }

    /// Several lines that may be there.
    pub(super) fn maybe_lines(&self, name: &'static str, label: &str) -> Field {
        self.field(name, label, Kind::Lines(2, Vec::new()))
    }

    pub(super) fn line(&self, name: &'static str, label: &str, before: &str) -> Field {
        let mut field = self.field(name, label, Kind::Line);
        field.required = true;
        if self.typed.is_none_or(|t| !t.has(name)) {
            before.clone_into(&mut field.value);
        }
        field
    }

    pub(super) fn date(&self, name: &'static str, label: &str, min: String, max: String) -> Field {
        Field { required: true, ..self.field(name, label, Kind::Date(min, max)) }
    }

    pub(super) fn number(&self, name: &'static str, label: &str, max: u32, before: u32) -> Field {
        let mut field = self.field(name, label, Kind::Number(1, max));
        field.required = true;
        if self.typed.is_none_or(|t| !t.has(name)) {
            field.value = before.to_string();
        }
        field
    }

    /// One of a list; `before` is chosen until somebody chooses otherwise.
    pub(super) fn pick(&self, name: &'static str, label: &str, groups: Vec<Group>, before: &str) -> Field {
        self.pick_nth(name, label, groups, before, 0)
    }

    /// The `n`-th field of the same name.
    pub(super) fn pick_nth(
        &self,
        name: &'static str,
        label: &str,
        mut groups: Vec<Group>,
        before: &str,
        n: usize,
    ) -> Field {
        let typed = self.typed.filter(|t| t.has(name)).map(|t| t.all(name).get(n).copied().unwrap_or(""));
        let wanted = typed.unwrap_or(before);
        for choice in groups.iter_mut().flat_map(|g| &mut g.choices) {
            choice.chosen = choice.value == wanted;
        }
        let mut field = self.field(name, label, Kind::Pick(groups));
        if n > 0 {
            field.id = format!("{}-{name}-{n}", self.prefix);
        }
        field
    }

    pub(super) fn radio(
        &self,
        name: &'static str,
        label: &str,
        mut choices: Vec<Choice>,
        before: &str,
    ) -> Field {
        let typed = self.typed.filter(|t| t.has(name)).map(|t| t.get(name));
        for choice in &mut choices {
            choice.chosen = choice.value == typed.unwrap_or(before);
        }
        Field { required: true, ..self.field(name, label, Kind::Radio(choices)) }
    }

    /// A box that is ticked already, with its own words: one of several of the same name.
    pub(super) fn check_of(&self, name: &'static str, value: String, label: String) -> Field {
        let id = format!("{}-{name}-{value}", self.prefix);
        Field { value, label, id, ..self.field(name, "desk-field-none", Kind::Check) }
    }

    pub(super) fn photos(&self, required: bool) -> Field {
        Field { required, ..self.field("photos", "desk-field-photos", Kind::Photos) }
    }

    pub(super) fn hidden(&self, name: &'static str, value: impl Into<String>) -> Field {
        Field { value: value.into(), ..self.field(name, "desk-field-none", Kind::Hidden) }
    }
}

impl Field {
    #[must_use]
    pub(super) fn hint(mut self, hint: String) -> Self {
        self.hint = hint;
        self
    }

    #[must_use]
    pub(super) fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// Ready sentences that a press puts into the field.
    #[must_use]
    pub(super) fn ready(mut self, sentences: Vec<(String, String)>) -> Self {
        if let Kind::Lines(_, ready) = &mut self.kind {
            *ready = sentences;
        }
        self
    }
}
