//! A form as it is kept: questions in one list, each knowing its place; expressions parsed.
//!
//! Serialised, this is the definition that browsers evaluate off line and that the database keeps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::xpath::Expr;

/// The number of a node in [`Form::nodes`]; 0 is the form itself.
pub type NodeId = usize;

/// What a row of the survey asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The form itself.
    Form,
    /// `begin group`
    Group,
    /// `begin repeat`: as many times as there are things to ask about.
    Repeat,
    /// `text`
    Text,
    /// `integer`
    Integer,
    /// `decimal`
    Decimal,
    /// `date`
    Date,
    /// `time`
    Time,
    /// `dateTime`
    DateTime,
    /// `select_one`
    SelectOne,
    /// `select_multiple`
    SelectMultiple,
    /// `note`: words without an answer.
    Note,
    /// `image`: the name of a photo that travels beside the answers.
    Image,
    /// `geopoint`: latitude, longitude, altitude, accuracy.
    Geopoint,
    /// `acknowledge`: `OK` when ticked.
    Acknowledge,
    /// `calculate`
    Calculate,
    /// `hidden`
    Hidden,
    /// `start`: when filling in began.
    Start,
    /// `end`: when it ended.
    End,
    /// `today`: the day.
    Today,
    /// `username`, `deviceid` …: what the app or this system knows of itself. Which one, in the parameter
    /// [`PROPERTY`].
    Property,
}

/// The parameter of a [`Kind::Property`] that says which it is, in the words of `jr:preloadParams`.
pub const PROPERTY: &str = "property";

impl Kind {
    /// Whether it holds others.
    pub const fn is_section(self) -> bool {
        matches!(self, Self::Form | Self::Group | Self::Repeat)
    }

    /// Whether an answer is kept for it.
    pub const fn holds_answer(self) -> bool {
        !self.is_section() && !matches!(self, Self::Note)
    }

    /// Whether a person fills it in.
    pub const fn is_asked(self) -> bool {
        self.holds_answer()
            && !matches!(
                self,
                Self::Calculate | Self::Hidden | Self::Start | Self::End | Self::Today | Self::Property
            )
    }
}

/// A piece of a text: words, or the value of an answer (`您家有 ${n} 口人`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Piece {
    /// Words.
    Words(String),
    /// The value of another answer.
    Value(Expr),
}

/// A text in the form's languages, by their number.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(pub BTreeMap<usize, Vec<Piece>>);

impl Text {
    /// Whether there are no words in any language.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words in a language, else in the default language, else in any.
    pub fn pieces(&self, language: usize, default: usize) -> &[Piece] {
        self.0
            .get(&language)
            .or_else(|| self.0.get(&default))
            .or_else(|| self.0.values().next())
            .map_or(&[], Vec::as_slice)
    }

    /// The words alone, references left out.
    pub fn words(&self, language: usize, default: usize) -> String {
        self.pieces(language, default)
            .iter()
            .filter_map(|piece| match piece {
                Piece::Words(words) => Some(words.as_str()),
                Piece::Value(_) => None,
            })
            .collect()
    }
}

/// One row of the survey that stays: a question, a group, a repeat, or the form itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its name in answers.
    pub name: String,
    /// What it asks for.
    pub kind: Kind,
    /// What holds it; the form holds itself.
    pub parent: NodeId,
    /// What it holds, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<NodeId>,
    /// The repeats around it, the outermost first; a repeat counts itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repeats: Vec<NodeId>,
    /// What people read.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub label: Text,
    /// What helps them.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub hint: Text,
    /// Asked only when this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevant: Option<Expr>,
    /// Must be answered when this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<Expr>,
    /// What to say when it is not answered.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub required_message: Text,
    /// What must hold of an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraint: Option<Expr>,
    /// What to say when it does not.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub constraint_message: Text,
    /// Where the value comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calculation: Option<Expr>,
    /// Shown, not changed, when this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<Expr>,
    /// The value at first: a literal is kept as it stands, anything else is evaluated once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Expr>,
    /// The list of a select, in [`Form::lists`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<usize>,
    /// Which choices are offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice_filter: Option<Expr>,
    /// How often a repeat repeats; without it, people add and remove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Expr>,
    /// How it should look, in the words of ODK.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub appearance: String,
    /// `parameters` of the row that field apps understand (`max-pixels`, `rows` …).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Where it stands in the survey.
    pub row: u32,
}

impl Node {
    /// A node without anything but its place.
    pub fn new(name: impl Into<String>, kind: Kind, parent: NodeId, row: u32) -> Self {
        Self {
            name: name.into(),
            kind,
            parent,
            children: Vec::new(),
            repeats: Vec::new(),
            label: Text::default(),
            hint: Text::default(),
            relevant: None,
            required: None,
            required_message: Text::default(),
            constraint: None,
            constraint_message: Text::default(),
            calculation: None,
            read_only: None,
            default: None,
            list: None,
            choice_filter: None,
            count: None,
            appearance: String::new(),
            parameters: BTreeMap::new(),
            row,
        }
    }

    /// How many repeat numbers say which one is meant. A repeat is meant as a whole: its own number is not needed.
    pub fn depth(&self) -> usize {
        self.repeats.len() - usize::from(self.kind == Kind::Repeat)
    }

    /// Whether people see it: groups, notes, and whatever has words.
    pub fn is_shown(&self) -> bool {
        match self.kind {
            Kind::Form | Kind::Group | Kind::Repeat | Kind::Note => true,
            kind => {
                kind.is_asked()
                    && !(self.calculation.is_some() && self.label.is_empty() && self.hint.is_empty())
            }
        }
    }
}

/// One choice of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// What is kept.
    pub name: String,
    /// What people read.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub label: Text,
    /// Further columns, for filters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, String>,
}

/// A list of choices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct List {
    /// Its name.
    pub name: String,
    /// Its choices in order.
    pub choices: Vec<Choice>,
}

/// A whole form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Form {
    /// `form_id`
    pub id: String,
    /// `form_title`
    pub title: String,
    /// `version`
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The names of its languages as the columns give them: `中文 (zh)`. One, `default`, when they give none.
    pub languages: Vec<String>,
    /// The one to fall back to.
    pub default_language: usize,
    /// What a filled-in form is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_name: Option<Expr>,
    /// The form and all it holds, parents before children, in the order of the survey.
    pub nodes: Vec<Node>,
    /// The lists of choices.
    pub lists: Vec<List>,
    /// The nodes in an order in which each comes after all that its relevance and value need.
    pub order: Vec<NodeId>,
}

/// The language of forms that name none.
pub const NO_LANGUAGE: &str = "default";

impl Form {
    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id]
    }

    /// The names from the form's root to a node: `/data/people/age`.
    pub fn path(&self, id: NodeId) -> String {
        let mut names = Vec::new();
        let mut at = id;
        loop {
            names.push(self.nodes[at].name.as_str());
            if at == 0 {
                break;
            }
            at = self.nodes[at].parent;
        }
        names.iter().rev().fold(String::new(), |path, name| path + "/" + name)
    }

    /// The child of a section by name.
    pub fn child(&self, parent: NodeId, name: &str) -> Option<NodeId> {
        self.nodes[parent].children.iter().copied().find(|id| self.nodes[*id].name == name)
    }

    /// The choices of a select; none for other questions.
    pub fn choices(&self, node: &Node) -> &[Choice] {
        node.list.and_then(|list| self.lists.get(list)).map_or(&[], |list| list.choices.as_slice())
    }

    /// The form's language for a locale: `中文 (zh)` and `zh` serve `zh-CN`; the default when none does.
    pub fn language(&self, locale: &str) -> usize {
        let primary = locale.split(['-', '_']).next().unwrap_or_default();
        let code = |name: &str| {
            let inner = name.rsplit_once('(').map_or(name, |(_, end)| end.trim_end().trim_end_matches(')'));
            inner.trim().to_lowercase()
        };
        let wanted = locale.to_lowercase();
        let exact = self.languages.iter().position(|name| code(name) == wanted);
        let close = || {
            self.languages.iter().position(|name| {
                let code = code(name);
                code.split(['-', '_']).next() == Some(primary)
                    || (primary == "en" && code.starts_with("english"))
                    || (primary == "zh" && (code.starts_with("chinese") || code.contains('中')))
            })
        };
        exact.or_else(close).unwrap_or(self.default_language)
    }

    /// The names of all photos that the form can ask for, for the export's header and the upload's check.
    pub fn has_photos(&self) -> bool {
        self.nodes.iter().any(|node| node.kind == Kind::Image)
    }
}
