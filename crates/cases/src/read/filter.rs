//! What a list of cases is narrowed to.

use linli_access::{Access, Purpose, Scope};
use linli_kernel::{
    AreaCode, Result, Timestamp, Value,
    actor::{AccountId, OrgId},
    person::parse_phone,
    text, text_enum,
};
use linli_store::{Conn, Where};

use crate::{
    app,
    model::{CaseId, CaseNumber, CaseState, Level, Source, WhistleLevel},
    store::ORG_CONDITION,
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

    /// What kind of words were searched for, without the words: for the log, where names and phones do not belong.
    pub(crate) fn sought(&self) -> Option<&'static str> {
        let typed = self.text.as_deref()?;
        let han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
        let name = self.initials_hash.is_some()
            || ((2..=4).contains(&typed.chars().count()) && typed.chars().all(han));
        Some(match () {
            () if typed.parse::<CaseNumber>().is_ok() => "number",
            () if self.phone_hash.is_some() => "phone",
            () if name => "name",
            () => "words",
        })
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

    /// Every way in which the words typed find a case, each by its own index. One after the other as conditions joined by
    /// OR they would make the engine look at every case.
    fn search(&self, conn: &Conn, rows: &mut Where, typed: &str) {
        if let Ok(number) = typed.parse::<CaseNumber>() {
            rows.and("c.number = ?", vec![(&number).into()]);
            return;
        }
        // The index of the other systems' numbers begins with the source.
        let sources = vec!["?"; Source::ALL.len()].join(", ");
        let mut ways = vec![format!("SELECT id FROM case_file WHERE source IN ({sources}) AND external = ?")];
        let mut values: Vec<Value> = Source::ALL.iter().map(|source| (*source).into()).collect();
        values.push(typed.trim().into());
        let terms = text::query_terms(typed);
        if !terms.is_empty() {
            ways.push(
                conn.dialect(
                    "SELECT case_id FROM case_words WHERE words MATCH ?",
                    "SELECT case_id FROM case_words WHERE words @@ to_tsquery('simple', ?)",
                )
                .to_owned(),
            );
            values.push(conn.words_query(&terms).into());
        }
        let keyed = [
            ("phone_hash", &self.phone_hash),
            ("name_hash", &self.name_hash),
            ("initials_hash", &self.initials_hash),
        ];
        for (column, hash) in keyed {
            // A hidden identity is not found by its phone or name either.
            if let Some(hash) = hash {
                ways.push(format!("SELECT id FROM case_file WHERE {column} = ? AND hidden = ?"));
                values.extend([hash.clone().into(), false.into()]);
            }
        }
        rows.and(&format!("c.id IN ({})", ways.join(" UNION ")), values);
    }

    /// The cases that the database alone can choose: by words, by who reported, by what they are a part of. Nothing
    /// where the filter says none of that.
    pub(super) async fn candidates(&self, conn: &mut Conn) -> Result<Option<Vec<CaseId>>> {
        let mut rows = Where::new();
        rows.and_some("c.reported_by = ?", self.mine).and_some("c.parent = ?", self.parent);
        if let Some(typed) = &self.text {
            self.search(conn, &mut rows, typed);
        }
        if rows.text().is_empty() {
            return Ok(None);
        }
        let found: Vec<(CaseId,)> =
            conn.all(&format!("SELECT c.id FROM case_file c{}", rows.text()), rows.args()).await?;
        Ok(Some(found.into_iter().map(|(id,)| id).collect()))
    }
}
