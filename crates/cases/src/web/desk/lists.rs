//! Lists to choose from: who can have a case, what it can be about, where it can lie.

use linli_access::Scope;
use linli_grid::{Atlas, model::OrgKind};
use linli_kernel::{AreaCode, actor::OrgId, area::AreaLevel};
use linli_web::Locale;

use super::forms::{Choice, Group};

fn group(label: String, choices: Vec<Choice>) -> Option<Group> {
    (!choices.is_empty()).then_some(Group { label, choices })
}

/// Who can have a case at `area`: the departments, the street's sections, those who answer for the
/// place, and whoever has it already.
pub(super) fn orgs(atlas: &Atlas, locale: &Locale, area: &AreaCode, also: &[OrgId]) -> Vec<Group> {
    let street = area.at(AreaLevel::Street);
    let of = |wanted: &dyn Fn(OrgKind, &AreaCode) -> bool| -> Vec<Choice> {
        atlas
            .orgs()
            .filter(|o| o.active && wanted(o.kind, &o.area))
            .map(|o| Choice::new(o.id.to_string(), o.short.as_str()))
            .collect()
    };
    let here = |at: &AreaCode| street.as_ref().is_none_or(|s| s == at);
    let sections = of(&|kind, at| kind == OrgKind::Section && here(at));
    let departments = of(&|kind, _| kind == OrgKind::Department);
    let place = of(&|kind, at| match kind {
        OrgKind::DistrictCentre => true,
        OrgKind::StreetCentre => here(at),
        OrgKind::Community | OrgKind::Grid => at.contains(area),
        OrgKind::Hotline | OrgKind::Section | OrgKind::Department => false,
    });
    let mut groups: Vec<Group> = [
        group(locale.t("desk-orgs-sections"), sections),
        group(locale.t("desk-orgs-departments"), departments),
        group(locale.t("desk-orgs-place"), place),
    ]
    .into_iter()
    .flatten()
    .collect();
    let missing: Vec<Choice> = also
        .iter()
        .filter(|id| !groups.iter().flat_map(|g| &g.choices).any(|c| c.value == id.to_string()))
        .map(|id| Choice::new(id.to_string(), atlas.org_name(*id)))
        .collect();
    groups.extend(group(locale.t("desk-orgs-now"), missing));
    groups
}

/// The leaves of the tree, under the branches they hang on.
pub(super) fn categories(atlas: &Atlas) -> Vec<Group> {
    let branches: std::collections::HashSet<&str> =
        atlas.categories().filter_map(|c| c.parent.as_deref()).collect();
    let mut groups: Vec<Group> = Vec::new();
    for leaf in atlas.categories().filter(|c| c.active && !branches.contains(c.code.as_str())) {
        let label = leaf.parent.as_deref().map(|code| atlas.category_path(code)).unwrap_or_default();
        let choice = Choice::new(leaf.code.as_str(), leaf.name.as_str());
        match groups.iter_mut().find(|g| g.label == label) {
            Some(group) => group.choices.push(choice),
            None => groups.push(Group { label, choices: vec![choice] }),
        }
    }
    groups
}

/// Branches and leaves, for a filter.
pub(super) fn branches(atlas: &Atlas) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for category in atlas.categories().filter(|c| c.code.len() <= 4) {
        let choice = Choice::new(category.code.as_str(), category.name.as_str());
        if category.parent.is_none() {
            groups.push(Group { label: category.name.clone(), choices: vec![choice] });
        } else if let Some(group) = groups.last_mut() {
            group.choices.push(choice);
        }
    }
    groups
}

/// Places that a case at `area` may really belong to, near ones only: a list of all grids helps nobody.
pub(super) fn places(atlas: &Atlas, area: &AreaCode) -> Vec<Group> {
    let named = |code: &AreaCode| Choice::new(code.as_str(), atlas.name(code));
    let within = |root: &AreaCode| -> Vec<Group> {
        atlas
            .children(root)
            .map(|below| {
                let mut choices = vec![named(&below.code)];
                choices.extend(atlas.children(&below.code).map(|a| named(&a.code)));
                Group { label: below.name.clone(), choices }
            })
            .collect()
    };
    match area.at(AreaLevel::Street) {
        Some(street) => {
            let mut groups = vec![Group { label: String::new(), choices: vec![named(&street)] }];
            groups.extend(within(&street));
            groups.extend(area.at(AreaLevel::District).map(|district| Group {
                label: atlas.name(&district).to_owned(),
                choices: atlas.children(&district).map(|a| named(&a.code)).collect(),
            }));
            groups
        }
        None => within(area),
    }
}

/// The places within a scope, two levels deep, for a filter.
pub(super) fn scope_places(atlas: &Atlas, scope: &Scope) -> Vec<Group> {
    let named = |code: &AreaCode| Choice::new(code.as_str(), atlas.name(code));
    scope
        .areas
        .iter()
        .map(|area| {
            let mut choices = vec![named(area)];
            choices.extend(atlas.children(area).map(|a| named(&a.code)));
            Group { label: atlas.name(area).to_owned(), choices }
        })
        .collect()
}

/// Who leads cases within a scope, for a filter: departments and, below a street, its sections.
pub(super) fn scope_orgs(atlas: &Atlas, locale: &Locale, scope: &Scope) -> Vec<Group> {
    if scope.areas.is_empty() {
        let own = scope.orgs.iter().map(|id| Choice::new(id.to_string(), atlas.org_name(*id))).collect();
        return group(locale.t("desk-orgs-now"), own).into_iter().collect();
    }
    scope.areas.first().map(|area| orgs(atlas, locale, area, &[])).unwrap_or_default()
}

/// A list with “all” before it and the present choice marked.
pub(super) fn choose(locale: &Locale, mut groups: Vec<Group>, chosen: &str) -> Vec<Group> {
    groups.insert(0, Group { label: String::new(), choices: vec![Choice::new("", locale.t("desk-all"))] });
    for choice in groups.iter_mut().flat_map(|g| &mut g.choices) {
        choice.chosen = choice.value == chosen;
    }
    groups
}
