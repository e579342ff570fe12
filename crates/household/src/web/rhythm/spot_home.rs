//! `/homes/spot/{id}/{home}`: one home of a spot check (月抽查), field by field.

use askama::Template;
use axum::{
    extract::Path,
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use axum_extra::extract::Form;
use linli_access::Scope;
use linli_kernel::Error;
use linli_web::{Access, Chrome, Ctx, Locale, Problems, Route, WebResult};

use super::{
    super::{Desk, word},
    spot::page,
};
use crate::{
    app,
    model::{DwellingId, ResidentId},
    read,
    rhythm::{self, Answer, Answers, CheckField, Record, Recorded, SpotId},
};

/// One field of the form.
struct FieldRow {
    field: CheckField,
    label: String,
    /// What was on record at the draw: the answer is about this.
    recorded: Vec<String>,
    /// What is on record now, where somebody has changed it since.
    now: Option<Vec<String>>,
    answer: Option<Answer>,
}

impl FieldRow {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the template passes its arguments so")]
    fn is(&self, answer: &Answer) -> bool {
        self.answer == Some(*answer)
    }
}

#[derive(Template)]
#[template(path = "rhythm/spot_home.html")]
struct HomePage {
    chrome: Chrome,
    check: SpotId,
    home: DwellingId,
    place: String,
    address: String,
    closed: bool,
    fields: Vec<FieldRow>,
    problems: Problems,
}

/// What is on record of a field, masked as on the card.
fn recorded(l: &Locale, record: &Record, field: CheckField) -> Vec<String> {
    let none = || l.t("household-none");
    let each = |of: &dyn Fn(&Recorded) -> String| record.people.iter().map(of).collect::<Vec<String>>();
    match field {
        CheckField::Usage => vec![word(l, "usage", record.usage.as_str())],
        CheckField::People if record.people.is_empty() => vec![l.t("household-nobody")],
        CheckField::People => each(&|r| format!("{} · {}", r.name, word(l, "relation", r.relation.as_str()))),
        CheckField::Identity => each(&|r| {
            let number = r.number.clone().unwrap_or_else(none);
            format!("{} {} {number}", r.name, word(l, "sex", r.sex.as_str()))
        }),
        CheckField::Phone => each(&|r| format!("{} {}", r.name, r.phone.clone().unwrap_or_else(none))),
        CheckField::Residence => {
            each(&|r| format!("{} {}", r.name, word(l, "residence", r.residence.as_str())))
        }
    }
}

async fn home_page(
    ctx: &Ctx,
    id: SpotId,
    home: DwellingId,
    typed: Option<&Answers>,
    problems: Problems,
) -> WebResult {
    let desk = Desk::of(ctx, "rhythm.check")?;
    let mut op = ctx.op().await?;
    let check = rhythm::spot(&mut op.tx, id).await?;
    rhythm::may_check(&op, &check)?;
    let homes = rhythm::spot_homes(&mut op.tx, id).await?;
    let drawn = homes.into_iter().find(|h| h.id == home).ok_or(Error::NotFound)?;
    if drawn.left_at.is_some() {
        drop(op);
        return page(ctx, id, "", ctx.locale.t("rhythm-spot-erased")).await;
    }
    // The checker comes from outside the grid: what the draw gave them is what they see of it.
    let card = read::card(&mut op.tx, &desk.access, &Scope::everything(), home, ctx.now()).await?;
    let residents: Vec<ResidentId> = card.residents().map(|r| r.id).collect();
    let now = Record::of(&card);
    let record =
        rhythm::drawn_record(&mut op.tx, &desk.access, id, home).await?.unwrap_or_else(|| now.clone());
    app::looked(&mut op, home, &card.area, &residents).await?;
    // No look without its row.
    op.commit().await?;
    let l = &ctx.locale;
    let answers = typed.unwrap_or(&drawn.answers);
    let count = i64::try_from(record.people.len()).unwrap_or_default();
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = HomePage {
        chrome: desk.chrome(ctx, "rhythm-spot"),
        check: id,
        home,
        place: desk.atlas.path(&check.area),
        address: card.address.clone(),
        closed: check.closed(ctx.now()),
        fields: rhythm::fields(count)
            .iter()
            .map(|&field| {
                let (then, now) = (recorded(l, &record, field), recorded(l, &now, field));
                FieldRow {
                    field,
                    label: l.t(&format!("rhythm-field-{field}")),
                    now: (now != then).then_some(now),
                    recorded: then,
                    answer: answers.get(&field).copied(),
                }
            })
            .collect(),
        problems,
    };
    Ok((status, ctx.page(&page)?).into_response())
}

async fn home(ctx: Ctx, Path((id, home)): Path<(SpotId, DwellingId)>) -> WebResult {
    home_page(&ctx, id, home, None, Problems::none()).await
}

async fn note(
    ctx: Ctx,
    Path((id, home)): Path<(SpotId, DwellingId)>,
    Form(form): Form<Vec<(String, String)>>,
) -> WebResult {
    let answers: Answers =
        form.iter().filter_map(|(field, answer)| Some((field.parse().ok()?, answer.parse().ok()?))).collect();
    let mut op = ctx.op().await?;
    match rhythm::note(&mut op, id, home, &answers).await {
        Ok(()) => {
            op.commit().await?;
            Ok(Redirect::to(&format!("/homes/spot/{id}?done=noted")).into_response())
        }
        Err(Error::Conflict(key)) => {
            drop(op);
            page(&ctx, id, "", ctx.locale.t(key)).await
        }
        Err(error) => {
            drop(op);
            let problems = Problems::of(error, &ctx.locale)?;
            home_page(&ctx, id, home, Some(&answers), problems).await
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/homes/spot/{id}/{home}", Access::May("rhythm.check"), home),
        Route::post("/homes/spot/{id}/{home}", Access::May("rhythm.check"), note),
    ]
}
