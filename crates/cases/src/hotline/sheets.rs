//! Sheets that go out: the wrong rows of an import, and state and reply of messages in the hotline's layout.

use linli_access::Scope;
use linli_grid::Atlas;
use linli_kernel::{Result, Timestamp, params};
use linli_store::{Conn, Where};
use linli_web::{Locale, sheet::Writer};

use super::batch::Fault;
use crate::{
    model::{CaseId, CaseState, Source},
    store::ORG_CONDITION,
};

/// Rows of one sheet that goes out.
const ROWS: i64 = 100_000;

/// An xlsx file. Every cell is a text, so that nothing in a message is ever a formula.
pub fn xlsx(headings: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>> {
    let mut book = Writer::new(headings)?;
    for row in rows {
        book.row(&row)?;
    }
    book.finish()
}

/// The wrong rows as they came, with a last column that says what is wrong. Mended, it can be imported.
pub fn faults(headings: &[String], faults: &[Fault], locale: &Locale) -> Result<Vec<u8>> {
    let mut names = headings.to_vec();
    names.push(locale.t("hotline-what-is-wrong"));
    let rows = faults.iter().map(|fault| {
        let mut cells = fault.cells.clone();
        cells.resize(headings.len(), String::new());
        cells.push(what(fault, locale));
        cells
    });
    xlsx(&names, rows)
}

/// What is wrong with a row, in words.
pub fn what(fault: &Fault, locale: &Locale) -> String {
    let field = |name: &str| locale.t(&format!("hotline-field-{}", name.replace('_', "-")));
    fault
        .faults
        .iter()
        .map(|f| format!("{}: {}", field(&f.field), locale.field_error(f)))
        .collect::<Vec<_>>()
        .join("; ")
}

/// The state of a message as the hotline is told it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Answer {
    /// The case.
    pub id: CaseId,
    /// Our number.
    pub number: String,
    /// The hotline's number.
    pub external: Option<String>,
    /// One line.
    pub title: String,
    /// Where it stands.
    pub state: CaseState,
    /// Who leads.
    pub lead: linli_kernel::actor::OrgId,
    /// When it was told.
    pub reported_at: Timestamp,
    /// Last changed.
    pub updated_at: Timestamp,
    /// Over since then.
    pub ended_at: Option<Timestamp>,
    /// The facts of the line with the last reply, if there is one.
    pub facts: Option<String>,
    /// The reason of a decline.
    pub declined: Option<String>,
    /// The number of the case with which it was merged: state, lead and reply are that one's.
    pub together_with: Option<String>,
}

/// The columns of an [`Answer`].
const ANSWER: &str = "c.id, c.number, c.external, c.title, w.state, w.lead, c.reported_at, w.ended_at,
    CASE WHEN w.updated_at > c.updated_at THEN w.updated_at ELSE c.updated_at END AS updated_at,
    CASE WHEN c.merged_into IS NULL THEN NULL ELSE w.number END AS together_with,
    (SELECT e.facts FROM case_entry e WHERE e.case_id = w.id AND e.action = 'resolve' ORDER BY e.seq DESC LIMIT 1) AS facts,
    (SELECT e.note FROM case_entry e WHERE e.case_id = w.id AND e.action = 'decline' ORDER BY e.seq DESC LIMIT 1) AS declined";

/// A message's case `c` and the case `w` that is worked on for it.
const CASES: &str = "case_file c JOIN case_file w ON w.id = coalesce(c.merged_into, c.id)";

impl Answer {
    /// The reply, once the work is declared done; why it was not taken up, if it was declined.
    pub fn reply(&self) -> Option<String> {
        use CaseState::{Closed, Declined, Rated, Resolved, Verifying};
        match self.state {
            Resolved | Verifying | Closed | Rated => {
                let facts: serde_json::Value = serde_json::from_str(self.facts.as_deref()?).ok()?;
                facts.get("reply")?.as_str().map(str::to_owned)
            }
            Declined => self.declined.clone(),
            _ => None,
        }
    }

    /// Its state in the words of [`state_key`], and with which it is worked on together.
    pub fn state_words(&self, locale: &Locale) -> String {
        let state = locale.t(state_key(self.state));
        match &self.together_with {
            None => state,
            Some(number) => {
                locale.t_with("hotline-state-together", &[("number", number.clone()), ("state", state)])
            }
        }
    }

    /// [`Answer::state_words`] in Chinese, for other systems, which have no language of their own.
    pub(super) fn state_words_zh(&self) -> String {
        let state = state_words_zh(self.state);
        match &self.together_with {
            None => state.to_owned(),
            Some(number) => format!("与{number}合并办理：{state}"),
        }
    }
}

/// The sentence for a state, plain enough for the one who rang.
pub const fn state_key(state: CaseState) -> &'static str {
    match state {
        CaseState::Reported => "hotline-state-reported",
        CaseState::Filed | CaseState::Assigned | CaseState::Reopened => "hotline-state-taken-up",
        CaseState::Accepted | CaseState::OnSite | CaseState::Returned => "hotline-state-at-work",
        CaseState::Suspended => "hotline-state-suspended",
        CaseState::Resolved | CaseState::Verifying => "hotline-state-checking",
        CaseState::Closed | CaseState::Rated => "hotline-state-closed",
        CaseState::Declined => "hotline-state-declined",
        CaseState::Merged => "hotline-state-merged",
    }
}

/// [`state_key`] in Chinese.
const fn state_words_zh(state: CaseState) -> &'static str {
    match state {
        CaseState::Reported => "已收到，正在研判",
        CaseState::Filed | CaseState::Assigned | CaseState::Reopened => "已受理，正在安排承办单位",
        CaseState::Accepted | CaseState::OnSite | CaseState::Returned => "承办单位正在办理",
        CaseState::Suspended => "暂时不能办，已约定复查日期",
        CaseState::Resolved | CaseState::Verifying => "已办完，正在核查",
        CaseState::Closed | CaseState::Rated => "已办结",
        CaseState::Declined => "不予受理",
        CaseState::Merged => "已与同一问题的案件合并办理",
    }
}

/// The answer of one case.
pub async fn answer(conn: &mut Conn, id: CaseId) -> Result<Answer> {
    conn.one(&format!("SELECT {ANSWER} FROM {CASES} WHERE c.id = $1"), params![id]).await
}

/// The answer for a hotline's number within the scope: of several messages under one number the last.
pub async fn answer_for(conn: &mut Conn, scope: &Scope, number: &str) -> Result<Answer> {
    let mut rows = Where::new();
    scope.filter(&mut rows, "c.area", ORG_CONDITION);
    rows.and("c.id IN (SELECT m.case_id FROM hotline_message m WHERE m.number = ?)", vec![number.into()]);
    let sql = format!("SELECT {ANSWER} FROM {CASES}{} ORDER BY c.reported_at DESC LIMIT 1", rows.text());
    conn.one(&sql, rows.args()).await
}

/// What changed on the hotline's messages in a time, in the hotline's layout: headings and rows.
pub async fn changed(
    conn: &mut Conn,
    scope: &Scope,
    span: (Timestamp, Timestamp),
    atlas: &Atlas,
    locale: &Locale,
) -> Result<(Vec<String>, Vec<Vec<String>>)> {
    let mut rows = Where::new();
    scope.filter(&mut rows, "c.area", ORG_CONDITION);
    rows.and("c.source = ?", vec![Source::Hotline.into()]);
    rows.and(
        "(c.updated_at >= ? AND c.updated_at < ?
          OR c.merged_into IN (SELECT m.id FROM case_file m WHERE m.updated_at >= ? AND m.updated_at < ?))",
        params![span.0, span.1, span.0, span.1],
    );
    let limit = rows.bind(ROWS);
    let sql =
        format!("SELECT {ANSWER} FROM {CASES}{} ORDER BY c.updated_at, c.id LIMIT {limit}", rows.text());
    let found: Vec<Answer> = conn.all(&sql, rows.args()).await?;
    let headings = ["number", "title", "at", "state", "lead", "reply", "replied-at", "case"]
        .map(|column| locale.t(&format!("hotline-out-{column}")))
        .to_vec();
    let time = |at: Timestamp| at.in_china().format("%Y-%m-%d %H:%M:%S").to_string();
    let cells = found
        .into_iter()
        .map(|a| {
            vec![
                a.external.clone().unwrap_or_default(),
                a.title.clone(),
                time(a.reported_at),
                a.state_words(locale),
                atlas.org_name(a.lead).to_owned(),
                a.reply().unwrap_or_default(),
                a.ended_at.map(time).unwrap_or_default(),
                a.number,
            ]
        })
        .collect();
    Ok((headings, cells))
}
