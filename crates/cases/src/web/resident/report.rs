//! Reporting: a photo, a sentence, a place — under a minute, also without script.

use askama::Template;
use axum::{
    extract::{Query, Request},
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::cookie::CookieJar;
use linli_access::Access as AccessPort;
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{Actor, AreaCode, Error, FieldError, Result};
use linli_store::Op;
use linli_web::{Access, Chrome, Ctx, Problems, Route, WebResult, limit::Purpose, once, upload::Upload};
use serde::Deserialize;

use super::{memory, place};
use crate::{
    app::{self, NewReport, Photo, ReporterInput, tracking_token},
    model::{CaseId, Nature, Source},
    web::form,
};

/// What was typed, to show it again.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Typed {
    text: String,
    /// A grid or a larger area: from the QR code, the position, or the list.
    grid: String,
    area: String,
    lat: String,
    lng: String,
    address: String,
    nature: String,
    urgent: String,
    name: String,
    phone: String,
    /// `open`, `hidden` or `anonymous`.
    identity: String,
}

impl Typed {
    fn identity(&self) -> &str {
        if self.identity.is_empty() { "open" } else { &self.identity }
    }

    fn nature(&self) -> Nature {
        self.nature.parse().unwrap_or(Nature::Help)
    }

    fn point(&self) -> Option<(f64, f64)> {
        Some((self.lat.parse().ok()?, self.lng.parse().ok()?))
    }

    /// Where it is: what was chosen from the list, else what the position or the code said.
    fn area(&self) -> Result<Option<AreaCode>> {
        let chosen = if self.area.is_empty() { &self.grid } else { &self.area };
        if chosen.is_empty() {
            return Ok(None);
        }
        chosen.parse().map(Some).map_err(|_| Error::field("place", "case-area-unknown"))
    }
}

/// Communities of one street, for the list.
struct Street {
    name: String,
    communities: Vec<(String, String)>,
}

fn streets(atlas: &Atlas, district: &AreaCode) -> Vec<Street> {
    atlas
        .children(district)
        .map(|street| Street {
            name: street.name.clone(),
            communities: atlas.children(&street.code).map(|c| (c.code.to_string(), c.name.clone())).collect(),
        })
        .collect()
}

#[derive(Template)]
#[template(path = "resident/report.html")]
struct Form {
    chrome: Chrome,
    typed: Typed,
    problems: Problems,
    once: String,
    /// Photos of an earlier try.
    kept: Vec<String>,
    /// The place as it is known so far.
    place: Option<String>,
    /// The area around which the map begins, and its middle.
    near: String,
    middle: Option<(f64, f64)>,
    streets: Vec<Street>,
    natures: &'static [Nature],
}

fn page(ctx: &Ctx, typed: Typed, kept: &[Photo], problems: Problems) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let district = &ctx.district.area;
    let known = place::known(&atlas, district, &typed.grid);
    let around = known.or_else(|| atlas.area(district));
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = Form {
        chrome: ctx.chrome(if problems.is_empty() {
            "resident-report-title"
        } else {
            "resident-report-again"
        }),
        problems,
        once: once::fresh(ctx),
        kept: kept.iter().map(Photo::name).collect(),
        place: known.map(|area| atlas.path(&area.code)),
        near: around.map(|area| area.code.to_string()).unwrap_or_default(),
        middle: typed.point().or_else(|| around.and_then(|a| a.centre).map(|c| (c.lat, c.lon))),
        streets: streets(&atlas, district),
        natures: Nature::ALL,
        typed,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

#[derive(Deserialize)]
struct Start {
    /// From a QR code or the board of a grid.
    area: Option<String>,
    /// Where exactly the code hangs.
    at: Option<String>,
}

async fn ask(ctx: Ctx, jar: CookieJar, Query(start): Query<Start>) -> WebResult {
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let scanned = start.area.as_deref().and_then(|code| place::known(&atlas, &ctx.district.area, code));
    // Without a code the phone's own grid is offered; a position or a choice on the page takes its place.
    let grid = scanned.or_else(|| memory::grid(&jar, &atlas));
    let typed = Typed {
        grid: grid.map(|area| area.code.to_string()).unwrap_or_default(),
        address: start.at.unwrap_or_default().chars().take(200).collect(),
        ..Typed::default()
    };
    page(&ctx, typed, &[], Problems::none())
}

fn report_of(typed: &Typed) -> Result<NewReport> {
    if typed.point().is_none()
        && typed.grid.is_empty()
        && typed.area.is_empty()
        && typed.address.trim().is_empty()
    {
        return Err(Error::field("place", "resident-error-place"));
    }
    let filled = |text: &str| Some(text.to_owned()).filter(|t| !t.trim().is_empty());
    Ok(NewReport {
        source: Source::Resident,
        nature: typed.nature(),
        title: String::new(),
        text: typed.text.clone(),
        category: None,
        point: typed.point(),
        area: typed.area()?,
        address: typed.address.clone(),
        reporter: ReporterInput {
            name: filled(&typed.name),
            phone: filled(&typed.phone),
            anonymous: typed.identity() == "anonymous",
            hidden: typed.identity() == "hidden",
        },
        urgent: !typed.urgent.is_empty(),
        photos: Vec::new(),
        parent: None,
        external: None,
        reported_at: None,
    })
}

/// Files the report once, however often the same form comes, and answers its secret link.
async fn file(ctx: &Ctx, key: Option<&str>, new: NewReport) -> Result<String> {
    // Also somebody of our own staff reports here as a resident, and is not named in the log.
    let mut op = Op::begin(ctx.district.clone(), &ctx.db, Actor::Public, ctx.request.clone()).await?;
    let access = ctx.district.port::<AccessPort>()?;
    if let Some(done) = once::done_before(&mut op, key).await? {
        return tracking_token(&access, CaseId(done.parse().map_err(Error::internal)?));
    }
    let receipt = app::report(&mut op, new).await?;
    once::keep(&mut op, key, &receipt.id.to_string()).await?;
    op.commit().await?;
    Ok(receipt.token)
}

/// What is wrong with a form, and that its photos have to be chosen once more.
fn with_photos_again(error: Error, upload: &Upload) -> Error {
    match error {
        Error::Invalid(mut fields) if upload.files.iter().any(|file| file.field == "photos") => {
            fields.push(FieldError::new("photos", "resident-error-photos-again"));
            Error::Invalid(fields)
        }
        other => other,
    }
}

async fn send(ctx: Ctx, jar: CookieJar, request: Request) -> WebResult {
    // Before the photos are read.
    ctx.app.limits().check(Purpose::Report, &ctx.source)?;
    let mut upload = Upload::few(request, form::PHOTOS).await?;
    let typed: Typed = upload.form()?;
    let key = once::key("report", &upload);
    let sound = report_of(&typed).and_then(|new| app::sound(&ctx.district, &new, ctx.now()).map(|()| new));
    let new = match sound {
        Ok(new) => new,
        // Nothing is stored of a form that is wrong: a script would fill the disk with them.
        Err(error) => {
            let kept = form::kept(&ctx, &upload).await?;
            let error = with_photos_again(error, &upload);
            return page(&ctx, typed, &kept, Problems::of(error, &ctx.locale)?);
        }
    };
    let photos = match form::photos(&ctx, &mut upload).await {
        Ok(photos) => photos,
        Err(error) => return page(&ctx, typed, &[], Problems::of(error, &ctx.locale)?),
    };
    let token = match file(&ctx, key.as_deref(), NewReport { photos: photos.clone(), ..new }).await {
        Ok(token) => token,
        Err(error) => return page(&ctx, typed, &photos, Problems::of(error, &ctx.locale)?),
    };
    let atlas = ctx.district.port::<AtlasPort>()?.get();
    let mut jar = memory::keep_mine(&ctx, jar, &token);
    if let Some(area) = place::known(&atlas, &ctx.district.area, &typed.grid) {
        jar = memory::keep_grid(&ctx, jar, area);
    }
    Ok((jar, Redirect::to(&format!("/report/done?t={token}"))).into_response())
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/report", Access::Public, ask), Route::post("/report", Access::Public, send)]
}
