//! What another system says against what is known (外部数据冲突): the register keeps its own word, and the other one
//! waits in the queue beside what residents send, until somebody of ours has looked.

use std::collections::BTreeMap;

use linli_access::Access;
use linli_kernel::{AreaCode, Result, params};
use linli_store::{Conn, Op, Where};
use serde_json::json;

use super::{
    Claim, ClaimId, ClaimKind, ClaimState, Content, Member,
    compare::Ground,
    store,
    submit::{self, log},
};
use crate::{
    model::DwellingId,
    store::{Seal, places},
};

/// What a peer says of one person, and of which home.
#[derive(Debug)]
pub(crate) struct Word<'a> {
    /// The peer.
    pub(crate) peer: &'a str,
    /// Its own number of the person.
    pub(crate) external_id: &'a str,
    /// The agreement under which it says so.
    pub(crate) agreement: &'a str,
    /// The home that it is about.
    pub(crate) dwelling: DwellingId,
    /// The person, as the peer has them.
    pub(crate) member: Member,
}

/// Which of these people a peer's word still waits for, by the peer's own number of them.
pub(crate) async fn waiting(
    conn: &mut Conn,
    peer: &str,
    external_ids: &[&str],
) -> Result<BTreeMap<String, ClaimId>> {
    let mut rows = Where::new();
    rows.and("peer = ? AND state = 'waiting'", vec![peer.into()]).any("external_id", external_ids);
    let sql = format!("SELECT external_id, id FROM claim{}", rows.text());
    let found: Vec<(String, ClaimId)> = conn.all(&sql, rows.args()).await?;
    Ok(found.into_iter().collect())
}

fn same(one: &Content, other: &Content) -> bool {
    let text = |content: &Content| serde_json::to_value(&content.members).ok();
    text(one) == text(other)
}

/// Puts a peer's word into the queue, once however often it is said: what waits is brought up to date, and what was
/// decided comes back only when the peer says something else. The caller commits.
pub(crate) async fn file(op: &mut Op, word: Word<'_>) -> Result<()> {
    let access = op.district.port::<Access>()?;
    let seal = Seal::new(&access);
    // The home is locked before the entry, as everywhere.
    let home = places::dwelling(&mut op.tx, word.dwelling).await?;
    let content = Content { members: vec![word.member], ..Content::default() };
    let sql = format!(
        "SELECT {} FROM claim c WHERE c.peer = $1 AND c.external_id = $2 ORDER BY c.submitted_at DESC, c.id DESC LIMIT 1 {}",
        store::CLAIM,
        store::lock(&op.tx)
    );
    let last: Option<Claim> = op.tx.optional(&sql, params![word.peer, word.external_id]).await?;
    if let Some(last) = &last
        && last.dwelling_id == Some(word.dwelling)
        && store::open(seal, last)?.is_some_and(|before| same(&before, &content))
    {
        return Ok(());
    }
    let known = last.filter(|claim| !claim.state.is_over() && claim.dwelling_id == Some(word.dwelling));
    let area: AreaCode = home.area.clone();
    let id = known.as_ref().map_or_else(|| ClaimId(op.uuid()), |c| c.id);
    let mut claim = Claim {
        id,
        number: match &known {
            Some(known) => known.number.clone(),
            None => op.next_number("J").await?,
        },
        code_id: None,
        building_id: home.building_id,
        dwelling_id: Some(word.dwelling),
        area,
        address: home.address.clone(),
        kind: ClaimKind::Changed,
        against: String::new(),
        state: ClaimState::Waiting,
        content: Some(store::seal(seal, id, &content)?),
        phone_hash: None,
        proven: false,
        base: String::new(),
        consent: word.agreement.to_owned(),
        people: 1,
        version: known.as_ref().map_or(1, |c| c.version + 1),
        submitted_at: op.now,
        decided_at: None,
        decided_by: None,
        reason: None,
        outcome: None,
        peer: Some(word.peer.to_owned()),
        external_id: Some(word.external_id.to_owned()),
    };
    let now = op.now;
    let ground = Ground::read(&mut op.tx, &access, claim.dwelling_id, None, &content, now).await?;
    submit::file(op, &access, &mut claim, &content, Some(home), ground).await?;
    let detail = json!({ "peer": word.peer, "conflicts": claim.conflicts(), "again": known.is_some() });
    log(op, "claim.submit", &claim, detail).await
}
