//! The filters of a list as they stand in an address.

use linli_access::Access;
use linli_kernel::{AreaCode, Cursor, Error, Result, Timestamp, actor::OrgId, error::Check};
use linli_web::{
    Ctx,
    api::{Operation, schema},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    model::{CaseState, Level, Source, WhistleLevel},
    read::{AskKind, Filter, Sort},
};

/// `?state=filed,assigned&area=371002001&q=污水&…`; an empty value is no filter.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ListQuery {
    state: String,
    whistle: String,
    level: String,
    area: String,
    org: String,
    lead: String,
    source: String,
    category: String,
    q: String,
    ask: String,
    from: String,
    to: String,
    urgent: bool,
    overdue: bool,
    called: Option<bool>,
    tasks: Option<bool>,
    sort: String,
    after: String,
    size: Option<usize>,
    /// Of an export: csv or xlsx.
    pub(super) format: String,
}

/// The most rows of one answer.
const MOST: usize = 200;

fn some<T: std::str::FromStr>(check: &mut Check, name: &str, text: &str) -> Option<T> {
    let text = text.trim();
    if text.is_empty() { None } else { check.parse(name, "case-value-bad", text.parse().ok()) }
}

fn list<T: std::str::FromStr>(check: &mut Check, name: &str, text: &str) -> Vec<T> {
    text.split(',').filter_map(|word| some(check, name, word)).collect()
}

impl ListQuery {
    pub(super) fn filter(&self, ctx: &Ctx) -> Result<Filter> {
        let mut check = Check::new();
        let c = &mut check;
        let filter = Filter {
            states: list::<CaseState>(c, "state", &self.state),
            whistle: some::<WhistleLevel>(c, "whistle", &self.whistle),
            level: some::<Level>(c, "level", &self.level),
            area: some::<AreaCode>(c, "area", &self.area),
            org: some::<OrgId>(c, "org", &self.org),
            lead: some::<OrgId>(c, "lead", &self.lead),
            source: some::<Source>(c, "source", &self.source),
            category: some(c, "category", &self.category),
            asks: list::<AskKind>(c, "ask", &self.ask),
            from: some::<Timestamp>(c, "from", &self.from),
            to: some::<Timestamp>(c, "to", &self.to),
            urgent: self.urgent,
            overdue: self.overdue.then(|| ctx.now()),
            called: self.called,
            tasks: self.tasks,
            ..Filter::default()
        };
        check.done()?;
        filter.find(&*ctx.district.port::<Access>()?, &self.q)
    }

    /// What narrows the list, for the log: without the words that were searched for.
    pub(super) fn told(&self) -> Value {
        let words = [
            ("state", &self.state),
            ("whistle", &self.whistle),
            ("level", &self.level),
            ("area", &self.area),
            ("org", &self.org),
            ("lead", &self.lead),
            ("source", &self.source),
            ("category", &self.category),
            ("ask", &self.ask),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let flags = [
            ("urgent", self.urgent.then_some(true)),
            ("overdue", self.overdue.then_some(true)),
            ("called", self.called),
            ("tasks", self.tasks),
        ];
        let words = words.into_iter().filter(|(_, word)| !word.is_empty()).map(|(n, word)| (n, json!(word)));
        let flags = flags.into_iter().filter_map(|(name, flag)| Some((name, json!(flag?))));
        words.chain(flags).map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>().into()
    }

    pub(super) fn sort(&self) -> Result<Sort> {
        match self.sort.as_str() {
            "due" => Ok(Sort::NextDue),
            "" | "newest" => Ok(Sort::Newest),
            _ => Err(Error::field("sort", "case-value-bad")),
        }
    }

    pub(super) fn cursor(&self) -> Result<Option<Cursor>> {
        if self.after.is_empty() {
            return Ok(None);
        }
        self.after.parse().map(Some).map_err(|()| Error::field("after", "case-value-bad"))
    }

    pub(super) fn size(&self) -> usize {
        self.size.unwrap_or(50).clamp(1, MOST)
    }
}

/// Describes the filters of a list.
pub(super) fn filtered(operation: Operation) -> Operation {
    let words = |list: Vec<&'static str>| schema::words(&list);
    let all = |operation: Operation, rows: Vec<(&str, &str, serde_json::Value)>| {
        rows.into_iter()
            .fold(operation, |operation, (name, what, schema)| operation.query(name, what, schema))
    };
    all(
        operation,
        vec![
            ("state", "states, joined by commas", schema::text()),
            ("whistle", "whistle", words(WhistleLevel::ALL.iter().map(|w| w.as_str()).collect())),
            ("level", "responsible level", words(Level::ALL.iter().map(|w| w.as_str()).collect())),
            ("area", "area code; everything inside", schema::area()),
            ("org", "an organisation that takes part", schema::id()),
            ("lead", "the leading organisation", schema::id()),
            ("source", "source", words(Source::ALL.iter().map(|w| w.as_str()).collect())),
            ("category", "category code; everything below", schema::text()),
            ("q", "words, number, another system's number, phone", schema::text()),
            ("ask", "what waits for a decision, joined by commas", schema::text()),
            ("from", "reported from then", schema::time()),
            ("to", "reported before then", schema::time()),
            ("urgent", "only urgent ones", schema::flag()),
            ("overdue", "only with a broken promise", schema::flag()),
            ("called", "called back already, or not yet", schema::flag()),
            ("tasks", "only tasks inside cases, or only cases that are no task", schema::flag()),
        ],
    )
}

/// Filters, order and pages.
pub(super) fn paged(operation: Operation) -> Operation {
    filtered(operation)
        .query("sort", "newest first, or what breaks next first", schema::words(&["newest", "due"]))
        .paged(Some(MOST))
}

/// From then until then.
pub(super) fn spanned(operation: Operation) -> Operation {
    operation.query("from", "reported from then", schema::time()).query("to", "until then", schema::time())
}
