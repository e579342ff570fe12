//! What the two templates of the administration show: a list, and a form.

use std::fmt::Write as _;

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use linli_access::web::admin::Menu;
use linli_web::{Chrome, Ctx, NavItem, Problems, WebResult};

/// How a field is filled in.
#[derive(Debug, Clone)]
pub(super) enum Shape {
    Text,
    Number,
    Phone,
    Lines,
    Choice(Vec<(String, String)>),
    Suggest(Vec<String>),
    File(&'static str),
    Fixed,
}

/// One field of a form.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) shape: Shape,
    pub(super) hint: String,
    pub(super) error: String,
    pub(super) required: bool,
    pub(super) full: bool,
}

impl Field {
    /// `aria-` ties to its hint and error.
    pub(super) fn ties(&self) -> askama::filters::Safe<String> {
        let mut by = Vec::new();
        if !self.hint.is_empty() {
            by.push(format!("{}-hint", self.name));
        }
        let mut out = String::new();
        if !self.error.is_empty() {
            by.push(format!("{}-err", self.name));
            out.push_str(" aria-invalid=\"true\"");
        }
        if !by.is_empty() {
            let _ = write!(out, " aria-describedby=\"{}\"", by.join(" "));
        }
        if self.required {
            out.push_str(" required");
        }
        // Names come from this program, so nothing here needs escaping.
        askama::filters::Safe(out)
    }

    pub(super) fn kind(&self) -> &'static str {
        match self.shape {
            Shape::Phone => "tel",
            _ => "text",
        }
    }
}

/// Makes fields in the person's language, with what is wrong with them.
pub(super) struct Fields<'a> {
    ctx: &'a Ctx,
    problems: &'a Problems,
    list: Vec<Field>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(ctx: &'a Ctx, problems: &'a Problems) -> Self {
        Self { ctx, problems, list: Vec::new() }
    }

    /// Adds a field labelled `grid-col-{name}`.
    pub(super) fn add(&mut self, name: &'static str, value: &str, shape: Shape) -> &mut Self {
        self.list.push(Field {
            name,
            label: self.ctx.locale.t(&format!("grid-col-{}", name.replace('_', "-"))),
            value: value.to_owned(),
            full: matches!(shape, Shape::Lines),
            shape,
            hint: String::new(),
            error: self.problems.at(name).unwrap_or_default().to_owned(),
            required: false,
        });
        self
    }

    /// The last field must be filled in.
    pub(super) fn required(&mut self) -> &mut Self {
        if let Some(last) = self.list.last_mut() {
            last.required = true;
        }
        self
    }

    /// Says how the last field is meant.
    pub(super) fn hint(&mut self, key: &str) -> &mut Self {
        let hint = self.ctx.locale.t(key);
        if let Some(last) = self.list.last_mut() {
            last.hint = hint;
        }
        self
    }

    /// Spans the whole width.
    pub(super) fn full(&mut self) -> &mut Self {
        if let Some(last) = self.list.last_mut() {
            last.full = true;
        }
        self
    }

    pub(super) fn done(&mut self) -> Vec<Field> {
        std::mem::take(&mut self.list)
    }
}

/// Yes or no, as the base data say it.
pub(super) fn yes_no(ctx: &Ctx) -> Shape {
    Shape::Choice(vec![
        ("是".to_owned(), ctx.locale.t("grid-yes")),
        ("否".to_owned(), ctx.locale.t("grid-no")),
    ])
}

/// A link that does something.
#[derive(Debug, Clone)]
pub(super) struct Button {
    pub(super) href: String,
    pub(super) text: String,
    pub(super) icon: &'static str,
    pub(super) primary: bool,
}

/// One cell of a list.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) href: String,
    pub(super) tone: &'static str,
    pub(super) mono: bool,
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
    pub(super) fn code(text: impl Into<String>) -> Self {
        Self { mono: true, ..Self::text(text) }
    }
    pub(super) fn link(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { href: href.into(), ..Self::text(text) }
    }
    pub(super) fn chip(text: impl Into<String>, tone: &'static str) -> Self {
        Self { tone, ..Self::text(text) }
    }
}

/// Address and name of the pages above; the last has no address.
pub(super) type Crumbs = Vec<(String, String)>;

/// A list.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    pub(super) crumbs: Crumbs,
    pub(super) intro: String,
    pub(super) done: String,
    pub(super) buttons: Vec<Button>,
    pub(super) action: &'static str,
    pub(super) filters: Vec<Field>,
    pub(super) filtered: bool,
    pub(super) heads: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) next: String,
}

/// A form.
#[derive(Debug, Clone, Default)]
pub(super) struct Form {
    pub(super) crumbs: Crumbs,
    pub(super) intro: String,
    pub(super) action: String,
    pub(super) back: String,
    pub(super) fields: Vec<Field>,
    pub(super) map: String,
    pub(super) lat: f64,
    pub(super) lon: f64,
    pub(super) zoom: u8,
}

#[derive(Template)]
#[template(path = "grid/list.html")]
struct ListPage {
    chrome: Chrome,
    side: Vec<NavItem>,
    view: List,
}

#[derive(Template)]
#[template(path = "grid/form.html")]
struct FormPage<'a> {
    chrome: Chrome,
    side: Vec<NavItem>,
    view: Form,
    problems: &'a Problems,
}

/// The other pages of the administration that this person may open.
pub(super) fn side(ctx: &Ctx) -> Vec<NavItem> {
    ctx.district.ports.get::<Menu>().map_or_else(Vec::new, |menu| (menu.0)(ctx))
}

/// Shows a list.
pub(super) fn list(ctx: &Ctx, title: &str, view: List) -> WebResult {
    Ok(ctx.page(&ListPage { chrome: ctx.chrome(title), side: side(ctx), view })?.into_response())
}

/// Shows a form; with problems, as 422.
pub(super) fn form(ctx: &Ctx, title: String, view: Form, problems: &Problems) -> WebResult {
    let page = ctx.page(&FormPage { chrome: Chrome::new(ctx, title), side: side(ctx), view, problems })?;
    Ok(refused(page.into_response(), problems))
}

/// The status of a form that is shown again.
pub(super) fn refused(mut page: Response, problems: &Problems) -> Response {
    if !problems.is_empty() {
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    page
}

/// Rows of one page.
const SIZE: usize = 50;

/// The rows after the one whose key is `after`, and the key to go on from.
pub(super) fn page<T>(
    rows: impl Iterator<Item = T>,
    after: &str,
    key: impl Fn(&T) -> String,
) -> (Vec<T>, Option<String>) {
    let mut rest: Vec<T> = if after.is_empty() {
        rows.take(SIZE + 1).collect()
    } else {
        rows.skip_while(|row| key(row) != after).skip(1).take(SIZE + 1).collect()
    };
    let more = rest.len() > SIZE;
    rest.truncate(SIZE);
    let next = if more { rest.last().map(&key) } else { None };
    (rest, next)
}

/// `path?a=…&b=…` without empty values.
pub(super) fn address(path: &str, query: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    let mut join = '?';
    for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
        out.push(join);
        join = '&';
        out.push_str(name);
        out.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
