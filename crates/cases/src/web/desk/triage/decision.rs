//! The third pane: what is decided about a case, and its carrying out.

use linli_kernel::{Error, Result, actor::OrgId};
use linli_store::idempotency;
use linli_web::{Ctx, Markup, markup::escaped};

use super::offer::Proposal;
use crate::{
    app::{self, TriageDecision},
    model::{Action, CaseId, WhistleLevel},
    read::Suggestion,
    web::desk::{
        act,
        acts::{self, Around},
        forms::{Field, Fill, Form, Group, Typed},
        room::Beside,
    },
};

pub(super) struct Decision {
    pub(super) url: String,
    /// Where the place that the text names is confirmed.
    pub(super) locate: String,
    pub(super) once: String,
    pub(super) trouble: String,
    pub(super) fields: Vec<Field>,
    /// Further assisting organisations, folded away until there are some.
    pub(super) spare: Vec<Field>,
    pub(super) spare_open: bool,
    pub(super) suggestion: Option<Proposal>,
    pub(super) accept: Vec<(&'static str, String)>,
}

impl Decision {
    pub(super) fn errors(&self) -> Vec<&Field> {
        self.fields.iter().chain(&self.spare).filter(|f| f.is_wrong()).collect()
    }

    /// The suggestion as hidden fields of its own small form.
    pub(super) fn accept_fields(&self) -> Markup {
        let html = self.accept.iter().fold(String::new(), |html, (name, value)| {
            format!("{html}<input type=\"hidden\" name=\"{name}\" value=\"{}\">", escaped(value))
        });
        Markup::trusted(html)
    }
}

/// The decision of the third pane: prefilled with what is known, then with what is suggested.
pub(super) fn decision(
    around: &Around<'_>,
    proposed: &Suggestion,
    proposal: Proposal,
    beside: &Beside,
) -> Decision {
    let locale = around.locale;
    let refused = beside.refused.as_ref().filter(|(action, ..)| *action == Action::Dispatch);
    let fill = Fill {
        locale,
        prefix: "decide".to_owned(),
        typed: refused.map(|(_, typed, ..)| typed),
        problems: refused.map(|(_, _, problems, _)| problems),
    };
    let case = around.case;
    let whistle = proposed.whistle.max(case.whistle);
    let mut levels = acts::words(locale, "whistle", WhistleLevel::ALL);
    for (choice, key) in levels.iter_mut().zip(["1", "2", "3"]) {
        choice.key = key;
    }
    let category = case.category.clone().or_else(|| proposed.category.clone()).unwrap_or_default();
    let lead = proposed.lead.unwrap_or(case.lead).to_string();
    let mut orgs = around.orgs.clone();
    orgs.insert(0, acts::none(locale));
    let mut categories: Vec<Group> = around.categories.clone();
    categories.insert(0, acts::none(locale));
    let mut fields = vec![
        fill.radio("whistle", "desk-field-whistle", levels, whistle.as_str()),
        fill.pick("category", "desk-field-category", categories, &category).optional(),
        fill.pick("lead", "desk-field-lead", orgs.clone(), &lead),
    ];
    let mut helpers = acts::assisting(&fill, &orgs, &proposed.assisting);
    let spare = helpers.split_off(1.min(helpers.len()));
    fields.extend(helpers);
    fields.push(fill.maybe_lines("note", "desk-field-note-org").hint(locale.t("desk-hint-internal")));
    let mut accept = vec![
        ("idempotency_key", format!("{}-accept", around.once)),
        ("back", around.back.clone()),
        ("whistle", whistle.to_string()),
        ("category", proposed.category.clone().unwrap_or_default()),
        ("lead", lead),
    ];
    accept.extend(proposed.assisting.iter().map(|org| ("assisting", org.to_string())));
    Decision {
        url: format!("/desk/triage/{}", case.id),
        locate: format!("/desk/cases/{}/act/{}", case.id, Action::Locate),
        once: format!("{}-decide", around.once),
        trouble: refused.map(|(.., trouble)| trouble.clone()).unwrap_or_default(),
        fields,
        spare,
        spare_open: refused.is_some() || proposed.assisting.len() > 1,
        suggestion: proposed.lead.is_some().then_some(proposal),
        accept,
    }
}

/// Stands for the decision where only its name matters.
pub(super) fn dispatch_form(decision: &Decision, back: &str) -> Form {
    Form {
        id: format!("act-{}", Action::Dispatch),
        url: decision.url.clone(),
        title: String::new(),
        hint: String::new(),
        submit: String::new(),
        icon: "",
        tone: "",
        shortcut: "",
        fields: Vec::new(),
        open: false,
        trouble: String::new(),
        back: back.to_owned(),
        once: String::new(),
    }
}

fn read_decision(typed: &Typed) -> Result<TriageDecision> {
    let mut check = linli_kernel::error::Check::new();
    let choose = "desk-error-choose";
    let whistle = check.parse("whistle", choose, typed.get("whistle").parse::<WhistleLevel>().ok());
    let lead = check.parse("lead", choose, typed.get("lead").trim().parse::<OrgId>().ok());
    check.done()?;
    let (Some(whistle), Some(lead)) = (whistle, lead) else { return Err(Error::field("lead", choose)) };
    let mut assisting: Vec<OrgId> = Vec::new();
    for org in typed.all("assisting").iter().filter_map(|text| text.parse().ok()) {
        if org != lead && !assisting.contains(&org) {
            assisting.push(org);
        }
    }
    Ok(TriageDecision {
        category: typed.some("category").map(str::to_owned),
        whistle,
        lead,
        assisting,
        note: typed.some("note").map(str::to_owned),
    })
}

pub(super) async fn run(ctx: &Ctx, id: CaseId, typed: &Typed) -> Result<()> {
    let decision = read_decision(typed)?;
    let mut op = ctx.op().await?;
    let (again, key) = act::repeated(ctx, &mut op, typed).await?;
    if again {
        return Ok(());
    }
    app::triage(&mut op, id, decision).await?;
    if let Some(key) = key {
        idempotency::keep(&mut op.tx, &key, 303, "").await?;
    }
    op.commit().await
}
