//! What fills a demo district once its land and people are there: cases, then homes, a piece at a time.
//!
//! `linli demo` walks through all pieces. With `--later` it only owes the first: the server that starts next
//! carries them out as tasks while people look around. A piece is one transaction with its task's end, and owes
//! the next one, so a kill in the middle leaves a district that goes on where it stood.

use std::sync::{Arc, Mutex, PoisonError};

use linli_demo::Plan;
use linli_kernel::{Error, Result, Timestamp};
use linli_store::{
    District, Op,
    outbox::Task,
    worker::{Handler, Handlers, Work},
};
use serde::{Deserialize, Serialize};

use super::{cases, codes, homes, meetings};

/// The outbox kind of one piece.
const FILL: &str = "demo.fill";

/// Which demo, and how far it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Rest {
    pub(super) seed: u64,
    pub(super) scale: f64,
    pub(super) now: Timestamp,
    pub(super) next: Piece,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Piece {
    /// Cases from this one on.
    Cases(u64),
    /// Homes from this grid on.
    Homes(usize),
    /// Codes at some doors, and what came through them.
    Codes,
    /// Past weekly meetings from this community on.
    Meetings(usize),
}

impl Piece {
    pub(super) const FIRST: Self = Self::Cases(0);

    /// Writes this piece; answers the next one. The caller commits.
    pub(super) async fn write(self, op: &mut Op, plan: &Plan) -> Result<Option<Self>> {
        Ok(match self {
            Self::Cases(first) => {
                Some(cases::write(op, plan, first).await?.map_or(Self::Homes(0), Self::Cases))
            }
            Self::Homes(first) => Some(homes::write(op, plan, first).await?.map_or(Self::Codes, Self::Homes)),
            Self::Codes => {
                codes::write(op).await?;
                Some(Self::Meetings(0))
            }
            Self::Meetings(first) => meetings::write(op, plan, first).await?.map(Self::Meetings),
        })
    }
}

impl Rest {
    /// Owes it to the server. The caller commits.
    pub(super) async fn owe(self, op: &mut Op) -> Result<()> {
        op.emit(FILL, &self).await
    }
}

/// The plan that the last piece used: making it anew for each would cost more than the piece.
#[derive(Default)]
pub(crate) struct Plans(Mutex<Option<(Rest, Arc<Plan>)>>);

impl Plans {
    fn of(&self, rest: Rest) -> Result<Arc<Plan>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |old: &Rest| Rest { next: rest.next, ..*old } == rest;
        if let Some((_, plan)) = kept.as_ref().filter(|(old, _)| same(old)) {
            return Ok(plan.clone());
        }
        let plan = linli_demo::plan(rest.seed, rest.scale, rest.now).map_err(Error::internal)?;
        let plan = Arc::new(plan);
        *kept = Some((rest, plan.clone()));
        Ok(plan)
    }

    fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

async fn fill(op: &mut Op, task: &Task) -> Result<()> {
    let rest: Rest = serde_json::from_str(&task.payload).map_err(Error::internal)?;
    let plans = op.district.port::<Plans>()?;
    let plan = plans.of(rest)?;
    let next = rest.next.write(op, &plan).await?;
    let district = op.district.name.clone();
    if let Some(next) = next {
        if matches!((rest.next, next), (Piece::Cases(_), Piece::Homes(_))) {
            tracing::info!(district, cases = plan.case_count(), "demo: the cases are in; homes follow");
        }
        return Rest { next, ..rest }.owe(op).await;
    }
    tracing::info!(district, "demo: the homes are in; the district is whole");
    plans.forget();
    linli_insight::events::owe_all(op).await
}

fn on_fill<'a>(op: &'a mut Op, task: &'a Task) -> Work<'a> {
    Box::pin(fill(op, task))
}

/// The handler of the pieces.
pub(crate) fn handlers() -> Handlers {
    Handlers::from([(FILL, Handler::Inside(on_fill))])
}

/// All pieces at once, each in a transaction of its own; `told` hears of each.
pub(super) async fn all(district: &Arc<District>, plan: &Plan, told: impl Fn(Piece)) -> Result<()> {
    let mut next = Some(Piece::FIRST);
    while let Some(piece) = next {
        let mut op = district.op("demo").await?;
        next = piece.write(&mut op, plan).await?;
        op.commit().await?;
        told(piece);
    }
    Ok(())
}
