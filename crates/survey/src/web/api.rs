//! For phones that work off line: the forms to take along, and the answers they bring back, once each.

use axum::{
    Json,
    extract::{Multipart, Path},
    http::{HeaderMap, StatusCode},
    response::IntoResponse as _,
};
use linli_access::Access as Entry;
use linli_forms::{Instance, render};
use linli_kernel::{Error, FieldError, Result};
use linli_web::{Access, Ctx, Route, WebResult, tagged::Tagged, upload::Upload};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    app::{self, Given, Outcome, Refused},
    model::{Photo, Source, SurveyId, VersionId},
    place::At,
    read::{self, Asked},
};

use super::{photos, scope};

pub(super) fn routes() -> Vec<Route> {
    const MAY: Access = Access::May("survey.fill");
    vec![
        Route::get("/surveys/forms.json", MAY, list),
        Route::post("/surveys/{id}/photos.json", MAY, photo),
        Route::post("/surveys/{id}/answers.json", MAY, answer),
    ]
}

/// The published forms, whole, as `ui/src/forms-engine.ts` evaluates them.
async fn list(ctx: Ctx, headers: HeaderMap) -> WebResult {
    let access = ctx.district.port::<Entry>()?;
    let asked = read::asked(&mut ctx.read().await?, &access, &ctx.actor).await?;
    let forms: Result<Vec<Asked>> = asked
        .into_iter()
        .map(|(survey, version)| {
            let form = app::read_form(&version)?;
            Ok(Asked { survey: survey.id, area: survey.area, version: version.id, form })
        })
        .collect();
    Ok(Tagged::json(&forms?)?.answer(&headers))
}

#[derive(Deserialize)]
struct Sent {
    version: VersionId,
    /// The device's id of this filled-in form.
    instance: String,
    #[serde(default)]
    home: Option<Uuid>,
    #[serde(default)]
    visit: Option<Uuid>,
    answers: Value,
    /// The words that [`photo`] gave for the photos which the answers name.
    #[serde(default)]
    photos: Vec<String>,
}

/// A photo goes up ahead of its answers, under the name by which they call it; sent again it gets the same word.
async fn photo(ctx: Ctx, Path(id): Path<SurveyId>, body: Multipart) -> WebResult {
    read::survey(&mut ctx.read().await?, &scope(&ctx, "survey.fill")?, id).await?;
    let sent = Upload::read(body, linli_web::upload::FILE_LIMIT).await?;
    let file = sent.files.into_iter().next().ok_or_else(|| Error::field("photo", "error-form-broken"))?;
    let photo = photos::keep(&ctx.district, "photo", photos::clean_name(&file.name), file.bytes).await?;
    Ok((StatusCode::CREATED, Json(json!({ "word": photos::word(&photo) }))).into_response())
}

async fn named(ctx: &Ctx, words: &[String]) -> Result<Vec<Photo>> {
    if words.len() > app::PHOTOS {
        return Err(Error::TooLarge("error-too-many-files"));
    }
    let mut kept = Vec::new();
    for word in words {
        kept.push(photos::kept(&ctx.district, word).await?);
    }
    Ok(kept)
}

/// 201 the first time, 200 when it was here before.
async fn answer(ctx: Ctx, Path(id): Path<SurveyId>, Json(sent): Json<Sent>) -> WebResult {
    // A form that was withdrawn meanwhile is still answered: `app::answer` decides who may, and where.
    let mut conn = ctx.read().await?;
    let (_, _, form) = app::asked(&mut conn, id, sent.version).await?;
    drop(conn);
    let photos = named(&ctx, &sent.photos).await?;
    let given = Given {
        survey: id,
        version: sent.version,
        instance: sent.instance,
        dwelling: At::Known(sent.home),
        visit: sent.visit,
        source: Source::Offline,
        answers: Instance::from_json(&form, &sent.answers),
        photos,
    };
    let mut op = ctx.op().await?;
    let (status, kept) = match app::answer(&mut op, given).await {
        Ok(Outcome::Kept(kept)) => (StatusCode::CREATED, kept),
        Ok(Outcome::Known(kept)) => (StatusCode::OK, kept),
        Err(Refused::Error(error)) => return Err(error.into()),
        Err(Refused::Faults(form, faults)) => {
            let field = |fault: &linli_forms::Fault| {
                let key = match fault.kind {
                    linli_forms::FaultKind::Required => "survey-fault-required",
                    linli_forms::FaultKind::Type => "survey-fault-type",
                    linli_forms::FaultKind::Choice => "survey-fault-choice",
                    linli_forms::FaultKind::Constraint => "survey-fault-constraint",
                };
                FieldError::new(render::field(&form, fault.node, &fault.at), key)
            };
            return Err(Error::Invalid(faults.iter().map(field).collect()).into());
        }
    };
    op.commit().await?;
    Ok((status, Json(json!({ "id": kept }))).into_response())
}
