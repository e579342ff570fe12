//! The monthly spot check (月抽查): drawn by the system, checked by somebody else than the grid's worker, field by
//! field; a finished month is closed.

use std::collections::BTreeMap;

use linli_access::{Access, Authorise as _, Target};
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{
    Actor, AreaCode, Error, FieldError, Result, Role, Timestamp, actor::AccountId, area::AreaLevel, params,
    text_enum,
};
use linli_store::{Conn, Entry, Op, Where};
use serde_json::json;

use super::{
    Around, Candidate, Month, SpotId, candidates,
    checker::is_own,
    sample::{SAMPLE, digest, draw, frame_text},
    spot_record,
};
use crate::{
    model::{DwellingId, ResidentId},
    store::people,
};

text_enum! {
    /// What is checked of a home.
    pub enum CheckField {
        /// 房屋用途
        Usage = "usage",
        /// 居住人员
        People = "people",
        /// 身份信息
        Identity = "identity",
        /// 联系电话
        Phone = "phone",
        /// 户籍/流动
        Residence = "residence",
    }
}

text_enum! {
    /// What the checker found.
    pub enum Answer {
        /// 属实
        Right = "right",
        /// 不符
        Wrong = "wrong",
        /// 无法核对
        Unknown = "unknown",
    }
}

/// What the checker found of one home.
pub type Answers = BTreeMap<CheckField, Answer>;

/// The fields of a home: of people only where somebody lives.
pub fn fields(residents: i64) -> &'static [CheckField] {
    if residents > 0 { CheckField::ALL } else { &[CheckField::Usage, CheckField::People] }
}

/// A spot check as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SpotCheck {
    /// Which one.
    pub id: SpotId,
    /// The grid.
    pub area: AreaCode,
    /// The month, as [`Month`] counts.
    pub month: i64,
    /// What was drawn from.
    pub seed: String,
    /// The homes at that instant, by number.
    pub frame: String,
    /// The digest of the frame.
    pub digest: String,
    /// How many homes the frame has.
    pub size: i64,
    /// When.
    pub drawn_at: Timestamp,
    /// By whose word.
    pub drawn_by: String,
    /// Who checks.
    pub checker: AccountId,
    /// By name.
    pub checker_name: String,
    /// When the checker was through.
    pub done_at: Option<Timestamp>,
}

impl SpotCheck {
    /// Its month.
    pub const fn month(&self) -> Month {
        Month(self.month)
    }

    /// Nothing is written in it any more.
    pub fn closed(&self, now: Timestamp) -> bool {
        self.done_at.is_some() || self.month() != Month::of(now)
    }
}

/// The columns of a [`SpotCheck`] of `spot_check s`.
pub(super) const SPOT: &str = "s.id, s.area, s.month, s.seed, s.frame, s.digest, s.size, s.drawn_at, s.drawn_by, s.checker, s.checker_name, s.done_at";

/// A check. The caller asks whether it may be seen.
pub async fn spot(conn: &mut Conn, id: SpotId) -> Result<SpotCheck> {
    conn.one(&format!("SELECT {SPOT} FROM spot_check s WHERE s.id = $1"), params![id]).await
}

async fn locked(op: &mut Op, id: SpotId) -> Result<SpotCheck> {
    let lock = op.tx.dialect("", "FOR UPDATE OF s").to_owned();
    op.tx.one(&format!("SELECT {SPOT} FROM spot_check s WHERE s.id = $1 {lock}"), params![id]).await
}

/// Who is known around a grid; the secretary is who asks, if they are the grid's.
fn around(atlas: &Atlas, actor: &Actor, grid: &AreaCode) -> Around {
    let account = |c: &linli_grid::Contact| Some((c.account?, c.name.clone()));
    let here = atlas.area(grid);
    let community = grid.parent().unwrap_or_else(|| grid.clone());
    let worker = |area: &linli_grid::Area| area.worker.as_ref().and_then(account);
    Around {
        own: here.and_then(worker).map(|(id, _)| id),
        deputy: here.and_then(|a| a.deputy.as_ref()).and_then(account),
        others: atlas
            .within(&community)
            .filter(|a| a.level() == AreaLevel::Grid && a.code != *grid)
            .filter_map(|a| worker(a).map(|(id, name)| (a.code.clone(), id, name)))
            .collect(),
        secretary: actor
            .account()
            .filter(|_| actor.serves(Role::CommunitySecretary, grid))
            .map(|id| (id, actor.name().to_owned())),
    }
}

/// Who may check a grid, the first choice first.
pub fn checkers(atlas: &Atlas, actor: &Actor, grid: &AreaCode) -> Vec<Candidate> {
    candidates(grid, &around(atlas, actor, grid))
}

/// Whether this is the grid's own worker, as the grid's card and their posts say now.
fn own_worker(op: &Op, grid: &AreaCode) -> Result<bool> {
    let atlas = op.district.port::<AtlasPort>()?.get();
    let post = op.actor.serves(Role::GridWorker, grid);
    Ok(is_own(op.actor.account(), &around(&atlas, &op.actor, grid), post))
}

/// Whether somebody may not see yet which homes are drawn: the grid's own worker, until the check is over. Otherwise the
/// homes of the sample would be put in order first, and the check would say nothing of the others.
pub fn hidden_from(atlas: &Atlas, actor: &Actor, check: &SpotCheck, now: Timestamp) -> bool {
    let post = actor.serves(Role::GridWorker, &check.area);
    !check.closed(now) && is_own(actor.account(), &around(atlas, actor, &check.area), post)
}

/// Refuses whoever is not the checker, and the grid's own worker even if they became that since.
pub fn may_check(op: &Op, check: &SpotCheck) -> Result<()> {
    op.district.port::<Access>()?.policy.require_somewhere(&op.actor, "rhythm.check")?;
    if op.actor.account() != Some(check.checker) {
        let sees = op.permit("rhythm.read", &Target::at(&check.area)).is_ok();
        return Err(if sees { Error::Forbidden("rhythm-spot-not-yours") } else { Error::NotFound });
    }
    if own_worker(op, &check.area)? { Err(Error::Forbidden("rhythm-spot-own-grid")) } else { Ok(()) }
}

/// What a draw came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    /// Grids with a new sample.
    pub made: Vec<AreaCode>,
    /// Grids for which nobody else is known.
    pub without: Vec<AreaCode>,
}

/// Draws this month's sample for every grid of a community that has none yet, or for one grid. What was drawn stays
/// drawn. The caller commits.
pub async fn draw_month(op: &mut Op, area: &AreaCode) -> Result<Drawn> {
    op.permit("rhythm.draw", &Target::at(area))?;
    if !matches!(area.level(), AreaLevel::Community | AreaLevel::Grid) {
        return Err(Error::Conflict("rhythm-draw-community"));
    }
    let month = Month::of(op.now);
    let mut rows = Where::new();
    rows.within("d.area", std::slice::from_ref(area));
    rows.and("d.closed_at IS NULL", vec![]);
    let sql = format!("SELECT d.area, d.n, d.id FROM dwelling d{} ORDER BY d.area, d.n", rows.text());
    let homes: Vec<(AreaCode, i64, DwellingId)> = op.tx.all(&sql, rows.args()).await?;
    let mut grids: BTreeMap<AreaCode, BTreeMap<i64, DwellingId>> = BTreeMap::new();
    for (grid, n, id) in homes {
        grids.entry(grid).or_default().insert(n, id);
    }
    let atlas = op.district.port::<AtlasPort>()?.get();
    let now = op.now;
    spot_record::drop_past(op, now, i64::MAX).await?;
    let mut drawn = Drawn::default();
    for (grid, homes) in grids {
        let checkers = checkers(&atlas, &op.actor, &grid);
        let Some(checker) = checkers.first() else {
            drawn.without.push(grid);
            continue;
        };
        if sample(op, &grid, month, &homes, checker).await? {
            drawn.made.push(grid);
        }
    }
    Ok(drawn)
}

async fn sample(
    op: &mut Op,
    grid: &AreaCode,
    month: Month,
    homes: &BTreeMap<i64, DwellingId>,
    checker: &Candidate,
) -> Result<bool> {
    let id = SpotId(op.uuid());
    let numbers: Vec<i64> = homes.keys().copied().collect();
    let seed = linli_kernel::hex(op.district.ids.bytes::<16>());
    let frame = frame_text(&numbers);
    let digest = digest(&frame);
    let size = i64::try_from(numbers.len()).unwrap_or(i64::MAX);
    let by = op.actor.name().to_owned();
    let made = op
        .tx
        .execute(
            "INSERT INTO spot_check (id, area, month, seed, frame, digest, size, drawn_at, drawn_by, checker, checker_name)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (area, month) DO NOTHING",
            params![id, grid, month.0, &seed, &frame, &digest, size, op.now, by, checker.account, &checker.name],
        )
        .await?;
    if made == 0 {
        return Ok(false);
    }
    let access = op.district.port::<Access>()?;
    for n in draw(&seed, &numbers, SAMPLE) {
        let Some(home) = homes.get(&n) else { continue };
        let sql = "INSERT INTO spot_home (check_id, n, dwelling_id) VALUES ($1, $2, $3)";
        op.tx.execute(sql, params![id, n, *home]).await?;
        spot_record::keep(op, &access, id, *home).await?;
    }
    let detail = json!({ "month": month.to_string(), "seed": seed, "digest": digest, "homes": size, "checker": checker.account,
        "standing": checker.standing });
    log(op, "rhythm.draw", id, grid, detail).await?;
    Ok(true)
}

/// Gives the check to somebody else who may. The caller commits.
pub async fn assign(op: &mut Op, id: SpotId, to: AccountId) -> Result<AreaCode> {
    let check = locked(op, id).await?;
    op.permit("rhythm.draw", &Target::at(&check.area))?;
    if check.checker == to {
        return Ok(check.area);
    }
    if check.closed(op.now) {
        return Err(Error::Conflict("rhythm-spot-closed"));
    }
    let atlas = op.district.port::<AtlasPort>()?.get();
    let known = checkers(&atlas, &op.actor, &check.area);
    let Some(candidate) = known.into_iter().find(|c| c.account == to) else {
        return Err(Error::Conflict("rhythm-spot-not-checker"));
    };
    op.tx
        .execute(
            "UPDATE spot_check SET checker = $2, checker_name = $3 WHERE id = $1",
            params![id, candidate.account, &candidate.name],
        )
        .await?;
    let detail = json!({ "checker": to, "standing": candidate.standing, "before": check.checker });
    log(op, "rhythm.assign", id, &check.area, detail).await?;
    Ok(check.area)
}

/// Writes down what was found at one home. The same again changes nothing. The caller commits.
pub async fn note(op: &mut Op, id: SpotId, home: DwellingId, answers: &Answers) -> Result<()> {
    let check = locked(op, id).await?;
    may_check(op, &check)?;
    let sql = "SELECT left_at FROM spot_home WHERE check_id = $1 AND dwelling_id = $2";
    let left: Option<Timestamp> = op.tx.scalar(sql, params![id, home]).await?;
    let sql = "SELECT field, answer FROM spot_answer WHERE check_id = $1 AND dwelling_id = $2";
    let before: Vec<(CheckField, Answer)> = op.tx.all(sql, params![id, home]).await?;
    let before: Answers = before.into_iter().collect();
    if !before.is_empty() && before == *answers {
        return Ok(());
    }
    if check.closed(op.now) {
        return Err(Error::Conflict("rhythm-spot-closed"));
    }
    if left.is_some() {
        return Err(Error::Conflict("rhythm-spot-erased"));
    }
    let wanted = fields(spot_record::people(&mut op.tx, id, home).await?);
    let missing: Vec<FieldError> = wanted
        .iter()
        .filter(|field| !answers.contains_key(field))
        .map(|field| FieldError::new(field.as_str(), "rhythm-spot-answer-needed"))
        .collect();
    if !missing.is_empty() {
        return Err(Error::Invalid(missing));
    }
    op.tx
        .execute("DELETE FROM spot_answer WHERE check_id = $1 AND dwelling_id = $2", params![id, home])
        .await?;
    for field in wanted {
        let Some(answer) = answers.get(field) else { continue };
        op.tx
            .execute(
                "INSERT INTO spot_answer (check_id, dwelling_id, field, answer) VALUES ($1, $2, $3, $4)",
                params![id, home, *field, *answer],
            )
            .await?;
    }
    op.tx
        .execute(
            "UPDATE spot_home SET noted_at = $3 WHERE check_id = $1 AND dwelling_id = $2",
            params![id, home, op.now],
        )
        .await?;
    log(op, "rhythm.check", id, &check.area, json!({ "home": home, "answers": answers })).await
}

/// The checker is through: nothing of it changes any more. The caller commits.
pub async fn finish(op: &mut Op, id: SpotId) -> Result<()> {
    let check = locked(op, id).await?;
    may_check(op, &check)?;
    if check.done_at.is_some() {
        return Ok(());
    }
    if check.closed(op.now) {
        return Err(Error::Conflict("rhythm-spot-closed"));
    }
    // A home that was taken off the register since cannot be checked, nor one that has left the check.
    let open: i64 = op
        .tx
        .scalar(
            "SELECT count(*) FROM spot_home h JOIN dwelling d ON d.id = h.dwelling_id AND d.closed_at IS NULL
             WHERE h.check_id = $1 AND h.noted_at IS NULL AND h.left_at IS NULL",
            params![id],
        )
        .await?;
    if open > 0 {
        return Err(Error::Conflict("rhythm-spot-homes-open"));
    }
    op.tx.execute("UPDATE spot_check SET done_at = $2 WHERE id = $1", params![id, op.now]).await?;
    spot_record::drop_of(op, id).await?;
    log(op, "rhythm.finish", id, &check.area, json!({ "month": check.month().to_string() })).await
}

/// Somebody's data are erased: the homes in whose copies they stand leave their checks, and the copies are gone. What
/// was judged of them before stays, of the others nothing is asked any more. Answers how many. The caller commits.
pub(crate) async fn leave(op: &mut Op, who: ResidentId) -> Result<u64> {
    let access = op.district.port::<Access>()?;
    let name = people::get(&mut op.tx, who).await?.name;
    let mut gone = 0;
    for (id, home) in spot_record::with(op, &access, who, &name).await? {
        // Nobody notes or finishes at the same moment.
        let check = locked(op, id).await?;
        if spot_record::leave(op, id, home).await? > 0 {
            gone += 1;
            log(op, "rhythm.leave", id, &check.area, json!({ "home": home, "why": "erasure" })).await?;
        }
    }
    Ok(gone)
}

async fn log(
    op: &mut Op,
    action: &'static str,
    id: SpotId,
    area: &AreaCode,
    detail: serde_json::Value,
) -> Result<()> {
    op.log(Entry { action, subject: "spot_check", subject_id: id.to_string(), area: area.clone(), detail })
        .await
}
