//! One operation: its route and its description.

use axum::handler::Handler;
use serde_json::{Map, Value, json};

use super::schema;
use crate::{Access, App, Route, Verb};

/// A route of the interface with its description.
pub struct Operation {
    route: Route,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: Map<String, Value>,
    more: Map<String, Value>,
    /// Whether a repeat under one key is done once.
    once: bool,
}

macro_rules! verb {
    ($($(#[$doc:meta])* $name:ident $once:literal;)*) => { impl Operation { $(
        $(#[$doc])*
        pub fn $name<H, T>(path: &'static str, access: Access, summary: &str, handler: H) -> Self
        where H: Handler<T, App>, T: 'static {
            Self::new(Route::$name(path, access, handler), summary, $once)
        }
    )* } };
}

verb! {
    /// Reads.
    get false;
    /// Does.
    post true;
    /// Replaces.
    put true;
    /// Changes in part.
    patch true;
    /// Removes.
    delete true;
}

fn words(path: &str) -> String {
    let mut all = String::new();
    for part in path.trim_start_matches("/api/v1/").split(['/', '_', '.', '-']) {
        let part = part.strip_prefix('{').map_or(part, |part| {
            all.push_str("By");
            part.trim_end_matches('}')
        });
        let mut letters = part.chars();
        all.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        all.push_str(letters.as_str());
    }
    all
}

impl Operation {
    fn new(route: Route, summary: &str, once: bool) -> Self {
        let mut more = Map::new();
        let name = format!("{}{}", route.verb.as_str().to_ascii_lowercase(), words(route.path));
        more.insert("operationId".to_owned(), name.into());
        more.insert("summary".to_owned(), summary.into());
        let parameters = Vec::new();
        Self { route, parameters, body: None, answers: Map::new(), more, once }
    }

    /// A longer explanation.
    #[must_use]
    pub fn about(mut self, text: &str) -> Self {
        self.more.insert("description".to_owned(), text.into());
        self
    }

    /// A parameter behind the question mark.
    #[must_use]
    pub fn query(mut self, name: &str, what: &str, schema: Value) -> Self {
        self.parameters.push(
            json!({ "name": name, "in": "query", "description": what, "required": false, "schema": schema }),
        );
        self
    }

    /// `after` and, where one can choose, `size`.
    #[must_use]
    pub fn paged(self, most: Option<usize>) -> Self {
        let paged = self.query("after", "`next` of the page before", schema::text());
        match most {
            None => paged,
            Some(most) => {
                let size = json!({ "type": "integer", "minimum": 1, "maximum": most });
                paged.query("size", "rows of a page", size)
            }
        }
    }

    /// What a part of the path is; a text where this is not said.
    #[must_use]
    pub fn part(mut self, name: &str, what: &str, schema: Value) -> Self {
        self.parameters.push(
            json!({ "name": name, "in": "path", "description": what, "required": true, "schema": schema }),
        );
        self
    }

    /// A JSON body.
    #[must_use]
    pub fn takes(mut self, schema: Value) -> Self {
        self.body =
            Some(json!({ "required": true, "content": { "application/json": { "schema": schema } } }));
        self
    }

    /// A JSON body that may be left out.
    #[must_use]
    pub fn may_take(mut self, schema: Value) -> Self {
        self.body =
            Some(json!({ "required": false, "content": { "application/json": { "schema": schema } } }));
        self
    }

    /// A form with files.
    #[must_use]
    pub fn takes_form(mut self, schema: Value) -> Self {
        self.body =
            Some(json!({ "required": true, "content": { "multipart/form-data": { "schema": schema } } }));
        self.once = false;
        self
    }

    /// What it answers.
    #[must_use]
    pub fn answers(mut self, status: u16, what: &str, schema: Value) -> Self {
        let answer = json!({ "description": what, "content": { "application/json": { "schema": schema } } });
        self.answers.insert(status.to_string(), answer);
        self
    }

    /// A file that it answers, of one of these kinds.
    #[must_use]
    pub fn file(mut self, what: &str, kinds: &[&str]) -> Self {
        let content: Map<String, Value> = kinds.iter().map(|kind| ((*kind).to_owned(), json!({}))).collect();
        self.answers.insert("200".to_owned(), json!({ "description": what, "content": content }));
        self
    }

    /// An answer without a body.
    #[must_use]
    pub fn answers_nothing(mut self, status: u16, what: &str) -> Self {
        self.answers.insert(status.to_string(), json!({ "description": what }));
        self
    }

    /// A repeat is known by other means than a key.
    #[must_use]
    pub fn without_key(mut self) -> Self {
        self.once = false;
        self
    }

    fn refuses(&self) -> Vec<(u16, &'static str)> {
        let mut all = vec![
            (404, "Not there, or not visible"),
            (422, "Something is wrong with these fields, each named in `errors`"),
            (429, "Too many calls; `Retry-After` says how long to wait"),
            (503, "Busy for the moment"),
            // A wrong key is told as such everywhere; going on as the public would hide the mistake.
            (401, "No valid key or log-in"),
        ];
        if self.route.access != Access::Public || self.route.verb != Verb::Get {
            all.push((403, "Not permitted"));
        }
        if self.route.verb != Verb::Get {
            all.extend([
                (409, "The present state does not allow it, or the key was used for something else"),
                (413, "Too large"),
            ]);
        }
        all
    }

    fn describe(&self) -> Value {
        let mut parameters = self.parameters.clone();
        let known = |name: &str, all: &[Value]| all.iter().any(|p| p["in"] == "path" && p["name"] == name);
        for name in self.route.path.split('/').filter_map(|p| p.strip_prefix('{')?.strip_suffix('}')) {
            if !known(name, &parameters) {
                parameters
                    .push(json!({ "name": name, "in": "path", "required": true, "schema": schema::text() }));
            }
        }
        if self.once {
            parameters.push(json!({
                "name": "Idempotency-Key", "in": "header", "required": false,
                "description": "a repeat with the same key changes nothing and answers the same",
                "schema": { "type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[A-Za-z0-9._:-]+$" },
            }));
        }
        let mut responses = self.answers.clone();
        for (status, what) in self.refuses() {
            responses.entry(status.to_string()).or_insert_with(|| {
                json!({ "description": what, "content": { "application/problem+json": { "schema": schema::named("Problem") } } })
            });
        }
        let mut all = self.more.clone();
        all.insert("parameters".to_owned(), parameters.into());
        all.insert("responses".to_owned(), responses.into());
        if let Some(body) = &self.body {
            all.insert("requestBody".to_owned(), body.clone());
        }
        match self.route.access {
            Access::Public => drop(all.insert("security".to_owned(), json!([]))),
            Access::LoggedIn => drop(all.insert("security".to_owned(), json!([{ "session": [] }]))),
            Access::May(action) => drop(all.insert("x-action".to_owned(), action.into())),
        }
        all.into()
    }
}

/// The routes of some operations.
pub fn routes(operations: Vec<Operation>) -> Vec<Route> {
    operations.into_iter().map(|o| o.route).collect()
}

/// The part of the document that some operations and schemas make.
pub fn document(operations: &[Operation], schemas: Value) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations {
        let verb = operation.route.verb.as_str().to_ascii_lowercase();
        paths.entry(operation.route.path).or_insert_with(|| json!({}))[verb] = operation.describe();
    }
    let mut schemas = schemas;
    schemas["Problem"] = schema::problem();
    json!({ "paths": paths, "components": { "schemas": schemas } })
}
