//! What can be done on the card: confirm, correct at the field, add, move out, care.

use axum::{
    extract::{Form, Path},
    response::{IntoResponse, Redirect, Response},
};
use chrono::NaiveDate;
use linli_kernel::{Error, FieldError, Result, Timestamp};
use linli_store::Op;
use linli_web::{Access, Ctx, Problems, Route, WebResult};
use serde::Deserialize;

use super::card::{Beside, render};
use crate::{
    app::{self, Named},
    model::{Basis, CareKind, DwellingId, Facts, Field, Leaving, ResidentId, Source, Texts, Usage},
    register::{DwellingFacts, Home, MoveOut, NewCare, Outcome},
    store::people,
};

fn back(id: DwellingId, done: &str) -> Response {
    Redirect::to(&format!("/homes/{id}?done={done}")).into_response()
}

/// Commits what was done and goes back to the card, or shows the card with what is wrong.
async fn settle<T>(ctx: &Ctx, op: Op, home: DwellingId, done: &str, outcome: Result<T>) -> WebResult {
    match outcome {
        Ok(_) => {
            op.commit().await?;
            Ok(back(home, done))
        }
        Err(error) => {
            drop(op);
            render(ctx, home, Beside::of(ctx, error)?).await
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Base {
    version: Option<i64>,
    usage: String,
}

async fn confirm(ctx: Ctx, Path(id): Path<DwellingId>, Form(base): Form<Base>) -> WebResult {
    let mut op = ctx.op().await?;
    let outcome = app::confirm_dwelling(&mut op, id, base.version).await;
    settle(&ctx, op, id, "confirmed", outcome).await
}

async fn usage(ctx: Ctx, Path(id): Path<DwellingId>, Form(base): Form<Base>) -> WebResult {
    let mut op = ctx.op().await?;
    let facts = DwellingFacts { usage: base.usage.parse::<Usage>().ok() };
    let outcome = app::correct_dwelling(&mut op, id, &facts, base.version).await;
    settle(&ctx, op, id, "corrected", outcome).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Correction {
    home: Option<DwellingId>,
    version: Option<i64>,
    field: String,
    value: String,
}

/// The one field that was corrected; emptied, it says that there is none.
fn texts(field: Field, value: &str) -> Result<Texts> {
    let value = if value.trim().is_empty() { "-" } else { value }.to_owned();
    let mut texts = Texts::default();
    match field {
        Field::Name if value == "-" => return Err(Error::field("name", "error-required")),
        Field::Name => texts.name = value,
        Field::IdNumber => texts.id_number = value,
        Field::Phone => texts.phone = value,
        Field::Birth => texts.birth = value,
        Field::Sex => texts.sex = value,
        Field::Relation => texts.relation = value,
        Field::Residence => texts.residence = value,
        _ => return Err(Error::NotFound),
    }
    Ok(texts)
}

async fn correct(ctx: Ctx, Path(id): Path<ResidentId>, Form(form): Form<Correction>) -> WebResult {
    let home = form.home.ok_or(Error::NotFound)?;
    let field: Field = form.field.parse().map_err(|_| Error::NotFound)?;
    let mut op = ctx.op().await?;
    let facts = texts(field, &form.value).and_then(|texts| Facts::read(&texts, ctx.now()));
    let outcome = match facts {
        Ok(facts) => app::correct_resident(&mut op, id, &facts, form.version).await.map(|_| ()),
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => {
            op.commit().await?;
            Ok(back(home, "corrected"))
        }
        Err(error) => {
            drop(op);
            let beside = Beside { about: Some(id), ..Beside::of(&ctx, error)? };
            render(&ctx, home, beside).await
        }
    }
}

/// A person to register, as typed.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Newcomer {
    pub(super) name: String,
    pub(super) sex: String,
    pub(super) birth: String,
    pub(super) id_number: String,
    pub(super) phone: String,
    pub(super) relation: String,
    pub(super) residence: String,
    /// The home that they come from, once somebody was asked and has said so.
    pub(super) from: String,
}

impl Newcomer {
    fn texts(&self) -> Texts {
        let form = self.clone();
        Texts {
            name: form.name,
            sex: form.sex,
            birth: form.birth,
            id_number: form.id_number,
            phone: form.phone,
            relation: form.relation,
            residence: form.residence,
        }
    }
}

async fn add(ctx: Ctx, Path(dwelling): Path<DwellingId>, Form(form): Form<Newcomer>) -> WebResult {
    let mut op = ctx.op().await?;
    let facts = Facts::read(&form.texts(), ctx.now()).and_then(|facts| match facts.name {
        Some(_) => Ok(facts),
        None => Err(Error::field("name", "error-required")),
    });
    let outcome = match facts {
        Ok(facts) => {
            let home = Home { dwelling, household: None };
            app::add_resident(&mut op, home, &facts, form.from.parse().ok()).await
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(Named::Lives { home, address }) => {
            drop(op);
            let beside = Beside { typed: form, comes: Some((home, address)), ..Beside::default() };
            render(&ctx, dwelling, beside).await
        }
        Ok(Named::Here(put)) => {
            op.commit().await?;
            let done = match put.outcome {
                Outcome::Created => "added",
                Outcome::Moved => "moved",
                Outcome::Known | Outcome::Elsewhere => "corrected",
            };
            Ok(back(dwelling, done))
        }
        Err(error) => {
            drop(op);
            let beside = Beside { typed: form, ..Beside::of(&ctx, error)? };
            render(&ctx, dwelling, beside).await
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Out {
    home: Option<DwellingId>,
    reason: String,
    day: String,
    destination: String,
}

async fn move_out(ctx: Ctx, Path(id): Path<ResidentId>, Form(form): Form<Out>) -> WebResult {
    let home = form.home.ok_or(Error::NotFound)?;
    let mut op = ctx.op().await?;
    // Today is up to now; another day is meant as a whole.
    let other = form.day.parse::<NaiveDate>().ok().filter(|day| *day != ctx.now().china_date());
    let at = other.map_or_else(|| ctx.now(), Timestamp::china_midnight);
    let destination = Some(form.destination.trim().to_owned()).filter(|d| !d.is_empty());
    let outcome = match form.reason.parse::<Leaving>() {
        Ok(reason) => app::move_out(&mut op, id, &MoveOut { reason, at, destination }).await,
        Err(_) => Err(Error::field("reason", "error-required")),
    };
    match outcome {
        Err(Error::Invalid(faults)) => {
            drop(op);
            render(&ctx, home, Beside { trouble: sentences(&ctx, &faults), ..Beside::default() }).await
        }
        outcome => settle(&ctx, op, home, "moved", outcome).await,
    }
}

fn sentences(ctx: &Ctx, faults: &[FieldError]) -> String {
    Problems::from_fields(faults, &ctx.locale)
        .all()
        .map(|(_, text)| text.to_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Care {
    kind: String,
    basis: String,
    basis_note: String,
    end: String,
    reason: String,
}

async fn care(ctx: Ctx, Path(id): Path<ResidentId>, Form(form): Form<Care>) -> WebResult {
    let mut op = ctx.op().await?;
    let resident = people::get(&mut op.tx, id).await?;
    let home = resident.dwelling_id.ok_or(Error::NotFound)?;
    let kind: CareKind = form.kind.parse().map_err(|_| Error::NotFound)?;
    let outcome = if form.end.is_empty() {
        let new = NewCare {
            kind,
            basis: form.basis.parse().unwrap_or(Basis::Consent),
            basis_note: form.basis_note.clone(),
            source: Source::Worker,
            expires_at: None,
        };
        app::add_care(&mut op, id, &new).await.map(|_| ())
    } else {
        app::end_care(&mut op, id, kind, &form.reason).await
    };
    match outcome {
        Err(Error::Invalid(faults)) => {
            drop(op);
            render(&ctx, home, Beside { trouble: sentences(&ctx, &faults), ..Beside::default() }).await
        }
        outcome => settle(&ctx, op, home, "care", outcome).await,
    }
}

pub(super) fn routes() -> Vec<Route> {
    let edit = Access::May("household.edit");
    vec![
        Route::post("/homes/{id}/confirm", Access::May("household.confirm"), confirm),
        Route::post("/homes/{id}/usage", edit, usage),
        Route::post("/homes/{id}/residents", edit, add),
        Route::post("/homes/residents/{id}", edit, correct),
        Route::post("/homes/residents/{id}/out", Access::May("household.move"), move_out),
        Route::post("/homes/residents/{id}/care", Access::May("household.care"), care),
    ]
}
