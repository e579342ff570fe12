//! A person on the card: each field as it is shown and as it is corrected.

use linli_web::Ctx;

use super::{
    super::{ago, day, word},
    Beside,
};
use crate::{
    model::{CareKind, Field, Mark, Relation, Residence, ResidentId, Sex},
    read::CardResident,
};

/// A choice of a closed list: code, words, chosen.
pub(in crate::web) struct Choice {
    pub(super) code: &'static str,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// One field of a person, as shown and as corrected.
pub(super) struct Shown {
    pub(super) field: Field,
    pub(super) label: String,
    pub(super) value: String,
    /// What the correction starts from; sealed fields start empty.
    pub(super) input: String,
    pub(super) choices: Vec<Choice>,
    pub(super) kind: &'static str,
    /// Who said it, and when it was last confirmed.
    pub(super) source: String,
    pub(super) checked: bool,
    pub(super) problem: Option<String>,
}

pub(super) struct Who {
    pub(super) id: ResidentId,
    pub(super) version: i64,
    pub(super) name: String,
    pub(super) about: String,
    pub(super) head: bool,
    pub(super) confirmed: String,
    pub(super) fields: Vec<Shown>,
    pub(super) care: Vec<(CareKind, String, String)>,
    pub(super) care_left: Vec<(CareKind, String)>,
    pub(super) clear: bool,
    pub(super) has_secret: bool,
}

pub(super) struct Family {
    pub(super) name: String,
    pub(super) since: String,
    pub(super) people: Vec<Who>,
}

pub(in crate::web) fn choices<T: Copy + PartialEq>(
    ctx: &Ctx,
    list: &str,
    all: &[T],
    code: fn(T) -> &'static str,
    chosen: Option<T>,
) -> Vec<Choice> {
    all.iter()
        .map(|&value| Choice {
            code: code(value),
            label: word(&ctx.locale, list, code(value)),
            chosen: chosen == Some(value),
        })
        .collect()
}

pub(super) fn source(ctx: &Ctx, mark: Mark) -> String {
    ctx.locale.t_with(
        "household-mark",
        &[("source", word(&ctx.locale, "source", mark.source.as_str())), ("day", day(mark.at))],
    )
}

fn fields(ctx: &Ctx, r: &CardResident, beside: &Beside) -> Vec<Shown> {
    let clear = beside.clear.as_ref().filter(|(id, _)| *id == r.id).map(|(_, contact)| contact);
    let none = || ctx.locale.t("household-none");
    let masked =
        |full: Option<&String>, masked: Option<String>| full.cloned().or(masked).unwrap_or_else(none);
    let text = |list: &str, code: &str| word(&ctx.locale, list, code);
    let shown = |field: Field, value: String, input: String, choices: Vec<Choice>, kind: &'static str| {
        let mark = r.mark(field);
        let about = beside.about == Some(r.id);
        Shown {
            field,
            label: text("field", field.as_str()),
            value,
            input,
            choices,
            kind,
            source: source(ctx, mark),
            checked: mark.verified,
            problem: about.then(|| beside.problems.at(field.as_str()).map(str::to_owned)).flatten(),
        }
    };
    let id_number = masked(clear.and_then(|c| c.id_number.as_ref()), r.id_number.clone());
    let phone = masked(clear.and_then(|c| c.phone.as_ref()), r.phone.as_ref().map(ToString::to_string));
    let relations = choices(ctx, "relation", Relation::ALL, Relation::as_str, Some(r.relation));
    let residences = choices(ctx, "residence", Residence::ALL, Residence::as_str, Some(r.residence));
    let sexes = choices(ctx, "sex", Sex::ALL, Sex::as_str, Some(r.sex));
    let birth = r.birth.clone().unwrap_or_default();
    let in_clear = |full: Option<&String>| full.cloned().unwrap_or_default();
    let mut all = vec![
        shown(Field::Name, r.name.clone(), r.name.clone(), vec![], "text"),
        shown(Field::IdNumber, id_number, in_clear(clear.and_then(|c| c.id_number.as_ref())), vec![], "text"),
        shown(Field::Phone, phone, in_clear(clear.and_then(|c| c.phone.as_ref())), vec![], "tel"),
        shown(Field::Relation, text("relation", r.relation.as_str()), String::new(), relations, "choice"),
        shown(Field::Residence, text("residence", r.residence.as_str()), String::new(), residences, "choice"),
    ];
    // With a number they follow it, and nobody can say otherwise.
    if r.id_number.is_none() {
        let value = if birth.is_empty() { none() } else { birth.clone() };
        all.push(shown(Field::Birth, value, birth, vec![], "date"));
        all.push(shown(Field::Sex, text("sex", r.sex.as_str()), String::new(), sexes, "choice"));
    }
    all
}

pub(super) fn who(ctx: &Ctx, r: &CardResident, head: bool, beside: &Beside) -> Who {
    let l = &ctx.locale;
    let age = r.age.map(|n| l.t_with("household-age", &[("n", n.to_string())]));
    let about = [Some(word(l, "relation", r.relation.as_str())), Some(word(l, "sex", r.sex.as_str())), age];
    let has = |kind: CareKind| r.care.iter().any(|c| c.kind == kind);
    Who {
        id: r.id,
        version: r.version,
        name: r.name.clone(),
        about: about.into_iter().flatten().collect::<Vec<_>>().join(" · "),
        head,
        confirmed: ago(l, r.confirmed_at, ctx.now()),
        fields: fields(ctx, r, beside),
        care: r.care.iter().map(|c| (c.kind, word(l, "care", c.kind.as_str()), day(c.expires_at))).collect(),
        care_left: CareKind::ALL
            .iter()
            .filter(|k| !has(**k))
            .map(|k| (*k, word(l, "care", k.as_str())))
            .collect(),
        clear: beside.clear.as_ref().is_some_and(|(id, _)| *id == r.id),
        has_secret: r.id_number.is_some() || r.phone.is_some(),
    }
}
