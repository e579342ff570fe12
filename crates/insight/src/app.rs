//! What an administrator does with the models: train now, go back, set how sure is sure enough.

use std::sync::Arc;

use linli_access::{Authorise, Target};
use linli_kernel::{Error, Result};
use linli_store::{District, Entry, Op};
use serde_json::json;

use crate::{
    events::{TOPIC, TRAIN},
    model::{Kind, Settings},
    store, train,
};

const MANAGE: &str = "model.manage";

fn permit(op: &Op) -> Result<()> {
    op.permit(MANAGE, &Target::at(&op.district.area))
}

async fn log(op: &mut Op, action: &'static str, subject: String, detail: serde_json::Value) -> Result<()> {
    let area = op.district.area.clone();
    op.announce(TOPIC, area.as_str(), "models");
    op.log(Entry { action, subject: "model", subject_id: subject, area, detail }).await
}

/// Asks for a training now; a job does it. The caller commits.
pub async fn ask_training(op: &mut Op) -> Result<()> {
    permit(op)?;
    let by = op.actor.name().to_owned();
    op.emit(TRAIN, &train::Wanted { by: Some(by) }).await?;
    log(op, "model.ask", "all".to_owned(), json!({})).await
}

/// Puts the version before into use again; answers the one that went and the one that came. The caller
/// commits.
pub async fn roll_back(op: &mut Op, kind: Kind) -> Result<(i64, i64)> {
    permit(op)?;
    let by = op.actor.name().to_owned();
    let now = op.now;
    let (ended, back) =
        store::end_use(&mut op.tx, kind, &by, now).await?.ok_or(Error::Conflict("insight-nothing-before"))?;
    log(op, "model.roll_back", kind.to_string(), json!({ "from": ended, "to": back, "by": by })).await?;
    Ok((ended, back))
}

/// Saves the settings. The caller commits.
pub async fn save_settings(op: &mut Op, settings: Settings) -> Result<()> {
    permit(op)?;
    if !(30..=95).contains(&settings.silence) {
        return Err(Error::field("silence", "insight-silence-bad"));
    }
    let before = store::settings(&mut op.tx).await?;
    let now = op.now;
    store::save_settings(&mut op.tx, settings, now).await?;
    log(op, "model.settings", "all".to_owned(), json!({ "from": before, "to": settings })).await
}

/// One step back as the system itself, for the command line.
pub async fn roll_back_now(district: &Arc<District>, kind: Kind) -> Result<(i64, i64)> {
    let mut op = district.op("linli train --rollback").await?;
    let done = roll_back(&mut op, kind).await?;
    op.commit().await?;
    Ok(done)
}
