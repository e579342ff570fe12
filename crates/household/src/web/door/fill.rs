//! `/d/{label}/fill`: who lives here. Blank, or over what is registered once the phone is proven.

use askama::Template;
use axum::{
    body::Body,
    extract::{Path, Query},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::cookie::CookieJar;
use linli_access::Access as AccessPort;
use linli_kernel::{Error, Result};
use linli_store::Conn;
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult, once};

use super::{
    Carried, Scanned,
    digits::masked,
    fields,
    form::{self, Choice, Typed, Who},
    form_pace, held, same, scanned,
};
use crate::{
    claims::{self, Held, Kept, Member},
    model::{CareKind, DwellingId, Person, ResidentId},
    store::{Seal, care},
};

/// Somebody whom the phone may see.
type Known = (ResidentId, Person, Vec<CareKind>);

#[derive(Template)]
#[template(path = "door/form.html")]
struct Page {
    chrome: Chrome,
    door: Scanned,
    carried: Carried,
    address: String,
    needs_door: bool,
    unit: String,
    door_typed: String,
    usages: Vec<Choice>,
    people: Vec<Who>,
    /// How many folds follow the first.
    folds: usize,
    proven: Option<String>,
    over: bool,
    phone: String,
    consent: bool,
    separate: bool,
    asked: Option<String>,
    once: String,
    draft: String,
    problems: Problems,
}

/// What a form is filled over.
#[derive(Default)]
struct Ground {
    known: Vec<Known>,
    usage: String,
    earlier: Option<Kept>,
}

async fn ground(
    ctx: &Ctx,
    conn: &mut Conn,
    home: Option<DwellingId>,
    held: Option<&Held>,
    again: &str,
) -> Result<Ground> {
    let access = ctx.district.port::<AccessPort>()?;
    let seal = Seal::new(&access);
    let mut ground = Ground::default();
    if let Some(home) = home {
        let own = claims::own(conn, home, held, ctx.now()).await?;
        if !own.is_empty() {
            let marks = care::of_dwelling(conn, home, ctx.now()).await?;
            let sql = "SELECT usage FROM dwelling WHERE id = $1";
            ground.usage = conn.scalar(sql, linli_kernel::params![home]).await?;
            for r in own {
                let care = marks.iter().filter(|c| c.resident_id == r.id).map(|c| c.kind).collect();
                ground.known.push((r.id, r.person(seal)?, care));
            }
        }
    }
    if !again.is_empty() {
        let earlier = claims::receipt(conn, &access, again).await?;
        let own = !earlier.claim.proven || earlier.claim.phone_hash.as_ref() == held.map(|h| &h.hash);
        if own && !earlier.claim.state.is_over() && earlier.claim.dwelling_id == home {
            ground.earlier = Some(earlier);
        }
    }
    Ok(ground)
}

/// The first state of the form.
fn start(ctx: &Ctx, ground: &Ground, carried: Carried, held: Option<&Held>) -> Typed {
    let mut typed = Typed { carried, over: !ground.known.is_empty(), ..Typed::default() };
    typed.usage.clone_from(&ground.usage);
    if let Some(content) = ground.earlier.as_ref().and_then(|kept| kept.content.as_ref()) {
        typed.members = form::kept(content, ctx.now()).0;
        typed.unit.clone_from(&content.unit);
        typed.door.clone_from(&content.door);
        typed.usage = content.usage.map(|u| u.as_str().to_owned()).unwrap_or_default();
        typed.consent = true;
        return typed;
    }
    typed.members = ground
        .known
        .iter()
        .map(|(id, person, _)| Member {
            resident: Some(*id),
            texts: form::texts_of(person),
            ..Member::default()
        })
        .collect();
    if let (true, Some(held)) = (typed.members.is_empty(), held) {
        let texts = crate::model::Texts { phone: held.phone.clone(), ..Default::default() };
        typed.members.push(Member { texts, ..Member::default() });
    }
    typed
}

fn page(
    ctx: &Ctx,
    door: Scanned,
    home: Option<DwellingId>,
    typed: &Typed,
    ground: &Ground,
    held: Option<&Held>,
    problems: Problems,
) -> WebResult {
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let mut people = form::people(ctx, typed, &ground.known, &problems);
    if let Some(content) = ground.earlier.as_ref().and_then(|kept| kept.content.as_ref()) {
        for (who, (id, phone)) in people.iter_mut().zip(form::kept(content, ctx.now()).1) {
            who.id_number.known = who.id_number.known.take().or(id);
            who.phone.known = who.phone.known.take().or(phone);
        }
    }
    let page = Page {
        chrome: ctx.chrome(if problems.is_empty() { "door-fill-title" } else { "door-fill-again" }),
        address: door.address(home),
        needs_door: home.is_none(),
        unit: typed.unit.clone(),
        door_typed: typed.door.clone(),
        usages: form::usages(ctx, &typed.usage),
        folds: people.len() - 1,
        people,
        proven: held.map(|h| masked(&h.phone)),
        over: typed.over,
        phone: typed.phone.clone(),
        consent: typed.consent,
        separate: typed.separate,
        asked: ground.earlier.as_ref().and_then(|k| k.claim.reason.clone()),
        once: once::fresh(ctx),
        draft: format!("door-{}-{}", door.token, home.map(|h| h.to_string()).unwrap_or_default()),
        carried: typed.carried.clone(),
        door,
        problems,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn show(
    ctx: Ctx,
    jar: CookieJar,
    Path(token): Path<String>,
    Query(carried): Query<Carried>,
) -> WebResult {
    let door = scanned!(&ctx, &token);
    let home = door.home(&carried);
    let mut conn = ctx.read().await?;
    let held = held(&ctx, &mut conn, &jar).await?;
    let ground = ground(&ctx, &mut conn, home, held.as_ref(), &carried.again).await?;
    drop(conn);
    // An entry that was made without a proven phone is mended without one.
    let plain = ground.earlier.as_ref().is_some_and(|kept| !kept.claim.proven);
    if held.is_none() && carried.skip.is_empty() && !plain {
        return Ok(Redirect::to(&format!("/d/{}/phone{}", door.token, carried.query())).into_response());
    }
    let typed = start(&ctx, &ground, carried, held.as_ref());
    page(&ctx, door, home, &typed, &ground, held.as_ref(), Problems::none())
}

async fn send(ctx: Ctx, jar: CookieJar, Path(token): Path<String>, body: Body) -> WebResult {
    let door = scanned!(&ctx, &token);
    let fields = fields(body).await?;
    let typed = Typed::read(&fields);
    let home = door.home(&typed.carried);
    let mut conn = ctx.read().await?;
    let held = held(&ctx, &mut conn, &jar).await?;
    let ground = ground(&ctx, &mut conn, home, held.as_ref(), &typed.carried.again).await?;
    drop(conn);
    form_pace(&ctx, held.as_ref())?;
    let filed = if form::expired(&typed, held.as_ref()) {
        Err(Error::field("form", "door-phone-expired"))
    } else {
        let mut said = typed.clone();
        if let Some(content) = ground.earlier.as_ref().and_then(|kept| kept.content.as_ref()) {
            form::refill(&mut said.members, content);
        }
        let key = once::key_of(&format!("door/{}", door.token), &fields);
        let again = ground.earlier.as_ref().map(|kept| kept.claim.id);
        same::file(&ctx, key.as_deref(), &door, &said.claim(home), held.as_ref(), again).await
    };
    match filed {
        Ok(to) => Ok(Redirect::to(&to).into_response()),
        Err(error) => {
            let problems = Problems::of(error, &ctx.locale)?;
            page(&ctx, door, home, &typed, &ground, held.as_ref(), problems)
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/d/{token}/fill", Access::Public, show),
        Route::post("/d/{token}/fill", Access::Public, send),
    ]
}
