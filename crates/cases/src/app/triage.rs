//! One key on the triage board: file, classify, whistle and dispatch as one change.

use linli_grid::AtlasPort;
use linli_kernel::{Error, Result, actor::OrgId, params};
use linli_store::Op;

use super::{
    Proof,
    act::{act, perform},
};
use crate::{
    model::{Case, CaseId, CaseState, Command, WhistleLevel},
    read::suggest,
    store,
};

/// The most cases of one bulk action.
pub const BULK: usize = 200;

/// What the desk decides about a new case.
#[derive(Debug, Clone)]
pub struct TriageDecision {
    /// Category code; nothing keeps the present one.
    pub category: Option<String>,
    /// The whistle; a lower one than the present keeps the present.
    pub whistle: WhistleLevel,
    /// Who leads.
    pub lead: OrgId,
    /// Who assists.
    pub assisting: Vec<OrgId>,
    /// For those who get it.
    pub note: Option<String>,
}

fn commands(case: &Case, decision: TriageDecision, reason: String) -> Result<Vec<Command>> {
    // Whoever looks at an old board must not take a case from those to whom somebody else has just given it.
    if !matches!(case.state, CaseState::Reported | CaseState::Filed | CaseState::Reopened) {
        return Err(Error::Conflict("case-triaged-already"));
    }
    let mut all = Vec::new();
    if case.state == CaseState::Reported {
        all.push(Command::File);
    }
    if let Some(category) = decision.category.filter(|code| case.category.as_ref() != Some(code)) {
        all.push(Command::Recategorise { category });
    }
    if decision.whistle > case.whistle {
        all.push(Command::Blow { whistle: decision.whistle, reason });
    }
    all.push(Command::Dispatch { lead: decision.lead, assisting: decision.assisting, note: decision.note });
    Ok(all)
}

/// Files, classifies, whistles and dispatches as far as needed. The caller commits.
///
/// # Errors
///
/// A conflict where the case no longer waits for its desk: somebody else was faster.
pub async fn triage(op: &mut Op, id: CaseId, decision: TriageDecision) -> Result<CaseState> {
    let atlas = op.district.port::<AtlasPort>()?.get();
    let category = decision.category.clone();
    let reason = decision.note.clone().unwrap_or_else(|| {
        let path = category.as_deref().map(|code| atlas.category_path(code)).unwrap_or_default();
        if path.is_empty() {
            "需要多家单位一起处理".to_owned()
        } else {
            format!("{path}，需要多家单位一起处理")
        }
    });
    let lead = decision.lead;
    let state = perform(op, id, &Proof::Post, &[], |case| commands(case, decision, reason)).await?;
    remember(op, id, category.as_deref(), lead).await?;
    Ok(state)
}

/// Keeps what the desk decided otherwise than was suggested; counted per category.
async fn remember(op: &mut Op, id: CaseId, category: Option<&str>, lead: OrgId) -> Result<()> {
    let record = store::load(&mut op.tx, id).await?;
    if record.parent.is_some() {
        return Ok(());
    }
    let body: String = op.tx.scalar("SELECT body FROM case_file WHERE id = $1", params![id]).await?;
    let atlas = op.district.port::<AtlasPort>()?.get();
    let text = format!("{} {body}", record.title);
    let suggested = suggest::suggest(&op.district, &atlas, &text, "", &record.area);
    let category = category.map(str::to_owned).or(record.category);
    let other_category = suggested.category.is_some() && suggested.category != category;
    let other_lead = suggested.lead.is_some_and(|s| s != lead);
    if other_category || other_lead {
        let name = op.actor.name().to_owned();
        op.tx
            .execute(
                "INSERT INTO case_correction (case_id, at, by_name, suggested_category, category, suggested_lead, lead)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (case_id) DO UPDATE SET at = excluded.at, by_name = excluded.by_name,
                     category = excluded.category, lead = excluded.lead",
                params![id, op.now, name, &suggested.category, &category, suggested.lead, lead],
            )
            .await?;
    }
    Ok(())
}

/// The result of each case of a bulk action.
pub type PerCase = Vec<(CaseId, Result<CaseState>)>;

/// Triage of many: each case by itself, those that can be done are done. The caller commits.
pub async fn triage_many(op: &mut Op, decisions: Vec<(CaseId, TriageDecision)>) -> Result<PerCase> {
    let mut results = Vec::new();
    for (id, decision) in bounded(decisions)? {
        let done = triage(op, id, decision).await;
        results.push((id, refusal(done)?));
    }
    Ok(results)
}

/// One action on many: each case by itself, those that can be done are done. The caller commits.
pub async fn act_on_many(op: &mut Op, ids: Vec<CaseId>, command: &Command) -> Result<PerCase> {
    let mut results = Vec::new();
    for id in bounded(ids)? {
        let done = act(op, id, command.clone(), Proof::Post, Vec::new()).await;
        results.push((id, refusal(done)?));
    }
    Ok(results)
}

fn bounded<T>(rows: Vec<T>) -> Result<Vec<T>> {
    if rows.len() > BULK { Err(Error::TooLarge("case-bulk-too-many")) } else { Ok(rows) }
}

/// A refusal has written nothing and is one row's result; a failure of the machine ends the whole.
fn refusal(done: Result<CaseState>) -> Result<Result<CaseState>> {
    match done {
        Err(error @ (Error::Internal(_) | Error::Unavailable(_) | Error::Unauthorised)) => Err(error),
        other => Ok(other),
    }
}
