//! Answers of field apps whose home nobody knows: shown where the form is, placed by hand.

use axum::{
    extract::{Form, Path},
    response::{IntoResponse as _, Redirect},
};
use linli_access::Access as Entry;
use linli_kernel::{Error, Result, Timestamp};
use linli_store::Conn;
use linli_web::{Access, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use super::{desk, scope};
use crate::{
    model::{AnswerId, SurveyId},
    place, store,
};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::post("/surveys/answers/{id}/home", Access::May("survey.fill"), settle)]
}

/// Answers that wait.
pub(super) struct Line {
    pub(super) id: AnswerId,
    /// What the home was called.
    pub(super) called: String,
    pub(super) by: String,
    pub(super) at: Timestamp,
    /// What somebody has named in vain just now, and what is wrong with it.
    pub(super) tried: String,
    pub(super) error: Option<String>,
}

/// A home that somebody has named in vain.
pub(super) struct Tried {
    answer: AnswerId,
    text: String,
    error: Option<String>,
}

/// The answers that wait, where this person may answer.
pub(super) async fn lines(
    ctx: &Ctx,
    conn: &mut Conn,
    survey: SurveyId,
    tried: Option<&Tried>,
) -> Result<Vec<Line>> {
    let access = ctx.district.port::<Entry>()?;
    let found = place::waiting(conn, &access, &scope(ctx, "survey.fill")?, survey).await?;
    let line = |(answer, called): (crate::model::Answer, String)| {
        let own = tried.filter(|tried| tried.answer == answer.id);
        let (tried, error) = own.map(|own| (own.text.clone(), own.error.clone())).unwrap_or_default();
        Line { id: answer.id, called, by: answer.created_by, at: answer.created_at, tried, error }
    };
    Ok(found.into_iter().map(line).collect())
}

#[derive(Deserialize)]
struct Placed {
    #[serde(default)]
    home: String,
}

async fn settle(ctx: Ctx, Path(answer): Path<AnswerId>, Form(placed): Form<Placed>) -> WebResult {
    let mut op = ctx.op().await?;
    match place::settle(&mut op, answer, &placed.home).await {
        Ok(survey) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/surveys/{survey}")).into_response())
        }
        Err(error @ Error::Invalid(_)) => {
            let survey = store::locked_answer(&mut op.tx, answer).await?.survey;
            drop(op);
            let problems = Problems::of(error, &ctx.locale)?;
            let tried = Tried { answer, text: placed.home, error: problems.at("home").map(str::to_owned) };
            desk::full_page(&ctx, survey, &Problems::none(), &[], Some(tried)).await
        }
        Err(other) => Err(other.into()),
    }
}
