//! Lists of cases: filtered, searched, paged by keyset.

use linli_access::{Access, Purpose, Scope};
use linli_kernel::{
    AreaCode, Cursor, Error, Page, Result, Timestamp, Value,
    actor::{AccountId, OrgId},
    person::parse_phone,
    text, text_enum,
};
use linli_store::{Conn, Where};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    app,
    model::{
        Ask, Case, CaseClock, CaseId, CaseNumber, CaseState, ClockKind, Level, Nature, Outcome, Satisfaction,
        Source, WhistleLevel,
    },
    settings::{ClockView, Rulebook},
    store::{COLUMNS, CaseRecord, ORG_CONDITION},
};

text_enum! {
    /// What waits for a decision.
    pub enum AskKind {
        /// 退回
        Return = "return",
        /// 延期
        Extension = "extension",
        /// 挂账
        Suspension = "suspension",
    }
}

text_enum! {
    /// What a number on the boards counts, so that it can open the list behind it.
    pub enum Fact {
        /// A case of its own, no task of another.
        Case = "case",
        /// Found by our own people.
        Found = "found",
        /// Whoever has it was to call by a certain time.
        Contact = "contact",
        /// … and did.
        ContactKept = "contact_kept",
        /// The reporter was called back and answered.
        Call = "call",
        /// … and said that it is solved.
        Solved = "solved",
        /// … and was satisfied.
        Satisfied = "satisfied",
    }
}

impl Fact {
    /// The same conditions as the sums of [`super::rates`].
    const fn condition(self) -> &'static str {
        match self {
            Self::Case => "c.parent IS NULL",
            Self::Found => "c.parent IS NULL AND c.source IN ('grid', 'inspection')",
            Self::Contact => "c.parent IS NULL AND c.contact_kept IS NOT NULL",
            Self::ContactKept => "c.parent IS NULL AND c.contact_kept",
            Self::Call => "c.parent IS NULL AND c.call_solved IS NOT NULL",
            Self::Solved => "c.parent IS NULL AND c.call_solved",
            Self::Satisfied => "c.parent IS NULL AND c.call_satisfied",
        }
    }
}

/// Stands in a filter for cases that have no category yet.
pub const UNCATEGORISED: &str = "none";

/// What a list is narrowed to; the default is everything within the scope.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In one of these states; none means any.
    pub states: Vec<CaseState>,
    /// With this whistle.
    pub whistle: Option<WhistleLevel>,
    /// At this level.
    pub level: Option<Level>,
    /// In this area.
    pub area: Option<AreaCode>,
    /// With [`Filter::area`]: only what is known no more precisely than that.
    pub no_finer: bool,
    /// In which this organisation takes part.
    pub org: Option<OrgId>,
    /// Which this organisation leads.
    pub lead: Option<OrgId>,
    /// From there.
    pub source: Option<Source>,
    /// Of this category or one below it.
    pub category: Option<String>,
    /// Words, a number, a hotline's number.
    pub text: Option<String>,
    /// Cases of this phone (see [`Filter::find`]) beside those that `text` finds.
    pub phone_hash: Option<Vec<u8>>,
    /// What the name typed would be found by.
    pub name_hash: Option<Vec<u8>>,
    /// What the initials typed would be found by.
    pub initials_hash: Option<Vec<u8>>,
    /// Flagged urgent.
    pub urgent: bool,
    /// With a promise that is broken at this instant.
    pub overdue: Option<Timestamp>,
    /// Reported from then …
    pub from: Option<Timestamp>,
    /// … until before then.
    pub to: Option<Timestamp>,
    /// Ended from then …
    pub ended_from: Option<Timestamp>,
    /// … until before then.
    pub ended_to: Option<Timestamp>,
    /// Of which this holds.
    pub fact: Option<Fact>,
    /// With one of these waiting for a decision; none means any case.
    pub asks: Vec<AskKind>,
    /// Reported by this account.
    pub mine: Option<AccountId>,
    /// Tasks of this case.
    pub parent: Option<CaseId>,
    /// Only tasks, or only cases that are no task.
    pub tasks: Option<bool>,
    /// Called back already, or not yet.
    pub called: Option<bool>,
    /// The reporter can be called.
    pub reachable: Option<bool>,
}

impl Filter {
    /// Searches as people type: words, numbers, and a phone, which is found without being readable.
    pub fn find(mut self, access: &Access, typed: &str) -> Result<Self> {
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(self);
        }
        self.phone_hash =
            parse_phone(typed).map(|phone| access.keyring.lookup(Purpose::Reporter, &phone)).transpose()?;
        let (name, initials) = app::typed_name(access, typed)?;
        self.name_hash = Some(name);
        self.initials_hash = initials;
        self.text = Some(typed.to_owned());
        Ok(self)
    }

    /// The conditions over `case_file c`.
    pub(super) fn conditions(&self, conn: &Conn, scope: &Scope) -> Where {
        let mut rows = Where::new();
        scope.filter(&mut rows, "c.area", ORG_CONDITION);
        rows.any("c.state", &self.states)
            .and_some("c.whistle = ?", self.whistle)
            .and_some("c.level = ?", self.level)
            .and_some("c.lead = ?", self.lead)
            .and_some("c.source = ?", self.source)
            .and_some("c.reported_by = ?", self.mine)
            .and_some("c.parent = ?", self.parent)
            .and_some("c.reachable = ?", self.reachable)
            .and_some("c.next_due < ?", self.overdue)
            .and_some("c.reported_at >= ?", self.from)
            .and_some("c.reported_at < ?", self.to)
            .and_some("c.ended_at >= ?", self.ended_from)
            .and_some("c.ended_at < ?", self.ended_to)
            .any("c.ask", &self.asks);
        match &self.area {
            Some(area) if self.no_finer => rows.and("c.area = ?", vec![area.into()]),
            Some(area) => rows.within("c.area", std::slice::from_ref(area)),
            None => &mut rows,
        };
        if let Some(org) = self.org {
            rows.and(&ORG_CONDITION.replace("{orgs}", "(?)"), vec![org.into()]);
        }
        if self.category.as_deref() == Some(UNCATEGORISED) {
            rows.and("c.category IS NULL", vec![]);
        } else if let Some(category) = self.category.as_ref().filter(|c| !c.is_empty()) {
            // Two digits per level: the codes below begin with it.
            rows.and(
                "c.category >= ? AND c.category < ?",
                vec![category.into(), format!("{category}:").into()],
            );
        }
        if let Some(fact) = self.fact {
            rows.and(fact.condition(), vec![]);
        }
        if self.urgent {
            rows.and("c.urgent = ?", vec![true.into()]);
        }
        match self.tasks {
            Some(true) => rows.and("c.parent IS NOT NULL", vec![]),
            Some(false) => rows.and("c.parent IS NULL", vec![]),
            None => &mut rows,
        };
        match self.called {
            Some(true) => rows.and("c.called_at IS NOT NULL", vec![]),
            Some(false) => rows.and("c.called_at IS NULL", vec![]),
            None => &mut rows,
        };
        if let Some(typed) = &self.text {
            self.search(conn, &mut rows, typed);
        }
        rows
    }

    fn search(&self, conn: &Conn, rows: &mut Where, typed: &str) {
        if let Ok(number) = typed.parse::<CaseNumber>() {
            rows.and("c.number = ?", vec![(&number).into()]);
            return;
        }
        let mut either = vec!["c.external = ?"];
        let mut values: Vec<Value> = vec![typed.trim().into()];
        let terms = text::query_terms(typed);
        if !terms.is_empty() {
            either.push(conn.dialect(
                "c.id IN (SELECT w.case_id FROM case_words w WHERE w.words MATCH ?)",
                "c.id IN (SELECT w.case_id FROM case_words w WHERE w.words @@ to_tsquery('simple', ?))",
            ));
            values.push(conn.words_query(&terms).into());
        }
        let keyed = [
            ("(c.phone_hash = ? AND c.hidden = ?)", &self.phone_hash),
            ("(c.name_hash = ? AND c.hidden = ?)", &self.name_hash),
            ("(c.initials_hash = ? AND c.hidden = ?)", &self.initials_hash),
        ];
        for (condition, hash) in keyed {
            // A hidden identity is not found by its phone or name either.
            if let Some(hash) = hash {
                either.push(condition);
                values.extend([hash.clone().into(), false.into()]);
            }
        }
        rows.and(&either.join(" OR "), values);
    }
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Last reported first.
    #[default]
    Newest,
    /// What breaks next first; only cases with a running clock.
    NextDue,
}

/// A case in a list.
#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate mark on the row")]
pub struct CaseRow {
    /// Its id.
    pub id: CaseId,
    /// The number to say on the phone.
    pub number: String,
    /// The other system's number.
    pub external: Option<String>,
    /// From where.
    pub source: Source,
    /// What is wanted.
    pub nature: Nature,
    /// One line.
    pub title: String,
    /// The area, as precise as known.
    pub area: AreaCode,
    /// Where, in words.
    pub address: String,
    /// WGS-84.
    pub lat: Option<f64>,
    /// WGS-84.
    pub lng: Option<f64>,
    /// Where it stands.
    pub state: CaseState,
    /// The whistle.
    pub whistle: WhistleLevel,
    /// The responsible level.
    pub level: Level,
    /// Who leads.
    pub lead: OrgId,
    /// Who assists.
    pub assisting: Vec<OrgId>,
    /// Category code.
    pub category: Option<String>,
    /// Somebody says that it cannot wait.
    pub urgent: bool,
    /// A centre agrees.
    pub urgent_confirmed: bool,
    /// No name was given.
    pub anonymous: bool,
    /// The reporter's identity is hidden.
    pub hidden: bool,
    /// The reporter can be called.
    pub reachable: bool,
    /// What waits for a decision.
    pub ask: Option<Ask>,
    /// It waits for the reporter.
    pub waiting: bool,
    /// When a suspended case is looked at again.
    pub review: Option<Timestamp>,
    /// When the next running clock breaks.
    pub next_due: Option<Timestamp>,
    /// All its clocks.
    #[serde(skip)]
    pub clocks: Vec<CaseClock>,
    /// When it was told.
    pub reported_at: Timestamp,
    /// Last changed.
    pub updated_at: Timestamp,
    /// Over since then.
    pub ended_at: Option<Timestamp>,
    /// Until then the reporter may reopen.
    pub reopen_until: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// What the reporter says.
    pub satisfaction: Option<Satisfaction>,
    /// Last valid call back.
    pub called_at: Option<Timestamp>,
    /// The case of which this is a task.
    pub parent: Option<CaseId>,
    /// Tasks that are not over.
    pub open_tasks: u32,
    /// How often a lead wanted to return it.
    pub returns: u8,
    /// How often it was reopened.
    pub reopened: u16,
    /// The first photo.
    pub photo: Option<Uuid>,
}

impl CaseRow {
    /// From the record and the case in it.
    pub(crate) fn new(record: CaseRecord, case: Case) -> Self {
        Self {
            id: record.id,
            number: record.number,
            external: record.external,
            source: record.source,
            nature: record.nature,
            title: record.title,
            area: record.area,
            address: record.address,
            lat: record.lat,
            lng: record.lng,
            state: record.state,
            whistle: record.whistle,
            level: record.level,
            lead: record.lead,
            assisting: case.assisting,
            category: record.category,
            urgent: record.urgent,
            urgent_confirmed: record.urgent_confirmed,
            anonymous: record.anonymous,
            hidden: record.hidden,
            reachable: record.reachable,
            ask: case.ask,
            waiting: case.waiting_since.is_some(),
            review: case.suspension.map(|s| s.review),
            next_due: record.next_due,
            clocks: case.clocks,
            reported_at: record.reported_at,
            updated_at: record.updated_at,
            ended_at: record.ended_at,
            reopen_until: case.reopen_until,
            outcome: record.outcome,
            satisfaction: record.satisfaction,
            called_at: record.called_at,
            parent: record.parent,
            open_tasks: case.open_tasks,
            returns: case.returns,
            reopened: case.reopened,
            photo: record.photo,
        }
    }

    /// The clock that a list shows: the running one that breaks first, else the closing one that waits.
    pub fn clock(&self, book: &Rulebook, now: Timestamp) -> Option<ClockView> {
        let running = self.clocks.iter().filter(|c| c.is_running()).min_by_key(|c| c.due);
        let waiting = || self.clocks.iter().rfind(|c| c.is_live() && c.kind == ClockKind::Close);
        running.or_else(waiting).map(|clock| book.view(clock, now))
    }
}

impl TryFrom<CaseRecord> for CaseRow {
    type Error = Error;
    fn try_from(record: CaseRecord) -> Result<Self> {
        let case = record.case()?;
        Ok(Self::new(record, case))
    }
}

/// One page of the list.
pub async fn page(
    conn: &mut Conn,
    scope: &Scope,
    filter: &Filter,
    sort: Sort,
    after: Option<Cursor>,
    size: usize,
) -> Result<Page<CaseRow>> {
    let mut rows = filter.conditions(conn, scope);
    let order = match sort {
        Sort::Newest => {
            rows.before("c.reported_at", "c.id", after);
            "c.reported_at DESC, c.id DESC"
        }
        Sort::NextDue => {
            rows.and("c.next_due IS NOT NULL", vec![]).after("c.next_due", "c.id", after);
            "c.next_due, c.id"
        }
    };
    let size = size.clamp(1, 1000);
    let limit = rows.bind(i64::try_from(size + 1).unwrap_or(i64::MAX));
    let sql = format!("SELECT {COLUMNS} FROM case_file c{} ORDER BY {order} LIMIT {limit}", rows.text());
    let found: Vec<CaseRecord> = conn.all(&sql, rows.args()).await?;
    let key = |row: &CaseRecord| match sort {
        Sort::Newest => row.reported_at.millis(),
        Sort::NextDue => row.next_due.map_or(0, Timestamp::millis),
    };
    let page = Page::cut(found, size, |row| Cursor { key: key(row), id: row.id.0 });
    let items = page.items.into_iter().map(CaseRow::try_from).collect::<Result<_>>()?;
    Ok(Page { items, next: page.next })
}

/// How many cases a list holds, counted up to `most`.
pub async fn count(conn: &mut Conn, scope: &Scope, filter: &Filter, most: i64) -> Result<i64> {
    let mut rows = filter.conditions(conn, scope);
    let limit = rows.bind(most.max(1));
    let sql =
        format!("SELECT count(*) FROM (SELECT 1 FROM case_file c{} LIMIT {limit}) AS found", rows.text());
    conn.scalar(&sql, rows.args()).await
}
