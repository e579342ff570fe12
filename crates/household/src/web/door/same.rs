//! `/d/{label}/same`: nothing has changed, in two taps. What is registered is shown only to a proven phone.

use askama::Template;
use axum::{
    body::Body,
    extract::{Path, Query},
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::cookie::CookieJar;
use linli_access::Access as AccessPort;
use linli_kernel::Result;
use linli_web::{Access, Chrome, Ctx, Route, WebResult, once};

use super::{Carried, Scanned, carried, digits::public, fields, form_pace, held, scanned};
use crate::{
    claims::{self, CONSENT, Content, Held, NewClaim, Receipt},
    model::DwellingId,
    web::word,
};

#[derive(Template)]
#[template(path = "door/same.html")]
struct Page {
    chrome: Chrome,
    door: Scanned,
    carried: Carried,
    address: String,
    once: String,
    /// Who is registered, for a proven phone of this home.
    people: Vec<String>,
    proven: bool,
}

async fn show(
    ctx: Ctx,
    jar: CookieJar,
    Path(token): Path<String>,
    Query(carried): Query<Carried>,
) -> WebResult {
    let door = scanned!(&ctx, &token);
    let Some(home) = door.home(&carried) else {
        return Ok(Redirect::to(&format!("/d/{}?next=choose", door.token)).into_response());
    };
    let mut conn = ctx.read().await?;
    let held = held(&ctx, &mut conn, &jar).await?;
    let own = claims::own(&mut conn, home, held.as_ref(), ctx.now()).await?;
    drop(conn);
    let page = Page {
        chrome: ctx.chrome("door-same-title"),
        address: door.address(Some(home)),
        once: once::fresh(&ctx),
        people: own
            .iter()
            .map(|r| format!("{} · {}", r.name, word(&ctx.locale, "relation", r.relation.as_str())))
            .collect(),
        proven: held.is_some(),
        door,
        carried,
    };
    Ok(ctx.page(&page)?.into_response())
}

/// Takes the form once, however often it comes, and answers the receipt's address.
pub(super) async fn file(
    ctx: &Ctx,
    key: Option<&str>,
    door: &Scanned,
    new: &NewClaim,
    held: Option<&Held>,
    again: Option<claims::ClaimId>,
) -> Result<String> {
    let access = ctx.district.port::<AccessPort>()?;
    let mut op = public(ctx).await?;
    if let Some(done) = once::done_before(&mut op, key).await? {
        // Only which entry it was is kept with the key: the receipt's secret is made again. Keys of older versions
        // hold the address itself.
        return match done.parse() {
            Ok(id) => Ok(format!("/r/{}", Receipt::of(&access, claims::ClaimId(id))?.secret)),
            Err(_) => Ok(done),
        };
    }
    let claim = claims::submit(&mut op, &door.code, new, held, again).await?;
    let to = format!("/r/{}", Receipt::of(&access, claim.id)?.secret);
    once::keep(&mut op, key, &claim.id.to_string()).await?;
    op.commit().await?;
    Ok(to)
}

async fn send(ctx: Ctx, jar: CookieJar, Path(token): Path<String>, body: Body) -> WebResult {
    let door = scanned!(&ctx, &token);
    let fields = fields(body).await?;
    let home: Option<DwellingId> = door.home(&carried(&fields));
    let held = held(&ctx, &mut ctx.read().await?, &jar).await?;
    form_pace(&ctx, held.as_ref())?;
    let new =
        NewClaim { dwelling: home, same: true, content: Content::default(), consent: CONSENT.to_owned() };
    let key = once::key_of(&format!("door/{}", door.token), &fields);
    let to = file(&ctx, key.as_deref(), &door, &new, held.as_ref(), None).await?;
    Ok(Redirect::to(&to).into_response())
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/d/{token}/same", Access::Public, show),
        Route::post("/d/{token}/same", Access::Public, send),
    ]
}
