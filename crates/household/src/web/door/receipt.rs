//! `/r/{secret}`: what became of what somebody said; asked again, it says why and leads back to the form.

use askama::Template;
use axum::{extract::Path, response::IntoResponse};
use linli_access::Access as AccessPort;
use linli_grid::AtlasPort;
use linli_kernel::Timestamp;
use linli_web::{Access, Chrome, Ctx, Markup, Route, WebResult, limit::Purpose, qr};

use super::{Help, cost};
use crate::{
    claims::{self, ClaimKind, ClaimState, Receipt},
    code::{CodeId, Label},
    web::word,
};

#[derive(Template)]
#[template(path = "door/receipt.html")]
struct Page {
    chrome: Chrome,
    number: String,
    address: String,
    kind: ClaimKind,
    state: ClaimState,
    tone: &'static str,
    people: i64,
    submitted: Timestamp,
    decided: Option<Timestamp>,
    reason: Option<String>,
    left: Vec<String>,
    /// Where to mend it.
    mend: Option<String>,
    link: String,
    qr: Markup,
    help: Help,
}

async fn show(ctx: Ctx, Path(secret): Path<String>) -> WebResult {
    let access = ctx.district.port::<AccessPort>()?;
    let cost = if Receipt::read(&secret, &access).is_ok() { cost::PAGE } else { cost::GUESS };
    ctx.app.limits().spend(Purpose::Door, &ctx.source, cost)?;
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let mut conn = ctx.read().await?;
    let claim = claims::receipt(&mut conn, &access, &secret).await?.claim;
    let live: Option<(i64,)> = conn
        .optional(
            "SELECT n FROM door_code WHERE id = $1 AND revoked_at IS NULL",
            linli_kernel::params![claim.code_id.unwrap_or(CodeId(claim.id.0))],
        )
        .await?;
    drop(conn);
    let asked = claim.state == ClaimState::Asked;
    let mend = match live.filter(|_| asked) {
        Some((n,)) => {
            let token = Label(n).text(&access, &ctx.district.area)?;
            let home = claim.dwelling_id.map(|id| format!("&home={id}")).unwrap_or_default();
            Some(format!("/d/{token}/fill?again={secret}{home}"))
        }
        None => None,
    };
    let chrome = ctx.chrome("door-receipt-title");
    let link = format!("{}/r/{secret}", ctx.origin);
    let page = Page {
        help: Help::of(&atlas, &claim.area),
        left: claim
            .outcome()
            .map(|o| o.left.iter().map(|f| word(&ctx.locale, "field", f.as_str())).collect())
            .unwrap_or_default(),
        number: claim.number.clone(),
        address: claim.address.clone(),
        kind: claim.kind,
        tone: tone(claim.state),
        state: claim.state,
        people: claim.people,
        submitted: claim.submitted_at,
        decided: claim.decided_at,
        reason: claim.reason,
        mend,
        qr: qr::drawing(&link, &chrome.t("door-receipt-qr"))?,
        link,
        chrome,
    };
    Ok(ctx.page(&page)?.into_response())
}

/// The colour of a state.
pub(in crate::web) const fn tone(state: ClaimState) -> &'static str {
    match state {
        ClaimState::Waiting | ClaimState::Withdrawn => "info",
        ClaimState::Asked => "warn",
        ClaimState::Accepted | ClaimState::Partly => "ok",
        ClaimState::Declined => "bad",
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/r/{secret}", Access::Public, show)]
}
