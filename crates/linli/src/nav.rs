//! The navigation: one table over all slices. An entry shows where its page exists and its own guard
//! lets the person in, so no entry leads to a refusal.

use std::sync::{Arc, OnceLock};

use linli_access::{
    Access, Policy,
    places::{OrgChoice, Places},
};
use linli_grid::{Atlas, AtlasPort};
use linli_kernel::{Actor, Role};
use linli_store::District;
use linli_web::{Access as Wanted, Ctx, NavItem, Verb};

use crate::wiring;

/// Digits of a community's code; grids are longer and too many to choose from.
const COMMUNITY: usize = 12;

const DEPARTMENTS: &[Role] = &[Role::Department, Role::DepartmentLead];

/// Grid workers find their rhythm on the page of their homes.
const OVER_GRIDS: &[Role] =
    &[Role::CommunitySecretary, Role::StreetCentre, Role::StreetLeader, Role::DistrictCentre];

/// Address, words, icon, and the roles it is meant for where the right alone would show it to too many.
const TABLE: &[(&str, &str, &str, &[Role])] = &[
    ("/work", "nav-work", "walk", &[Role::GridWorker, Role::CommunitySecretary]),
    ("/desk/inbox", "nav-inbox", "inbox", DEPARTMENTS),
    ("/desk/triage", "nav-triage", "board", &[]),
    ("/desk/hotline", "nav-hotline", "phone", &[]),
    ("/desk/clocks", "nav-clocks", "clock", &[]),
    ("/desk/returns", "nav-returns", "return", &[]),
    ("/desk/suspended", "nav-suspended", "pause", &[]),
    ("/desk/followups", "nav-followups", "phone", &[]),
    ("/desk/hot", "nav-hot", "flame", &[]),
    ("/desk/cases", "nav-cases", "list", &[]),
    ("/homes", "nav-homes", "home", &[]),
    ("/homes/rhythm", "nav-rhythm", "walk", OVER_GRIDS),
    ("/offline", "nav-offline", "offline", &[Role::GridWorker]),
    ("/homes/meetings", "nav-meetings", "calendar", OVER_GRIDS),
    ("/homes/requests", "nav-requests", "shield", &[]),
    ("/desk/overview", "nav-overview", "chart", &[]),
    ("/surveys", "nav-surveys", "edit", &[]),
    ("/surveys/for", "nav-survey-fill", "edit", &[Role::GridWorker]),
    ("/admin", "nav-admin", "settings", &[]),
    ("/audit", "nav-audit", "log", &[]),
    ("/audit/draws", "nav-draws", "refresh", &[Role::Auditor]),
    ("/admin/privacy", "menu-privacy", "shield", &[Role::Auditor]),
];

/// Entries with a number beside them: whose it is, and where it comes from.
const COUNTS: &[(&str, &str)] = &[("/homes", "/homes/queue/count")];

/// What administrators find on their own page.
const ADMIN: &[(&str, &str, &str, &[Role])] = &[
    ("/admin/accounts", "menu-accounts", "users", &[]),
    ("/admin/api-keys", "menu-keys", "link", &[]),
    ("/admin/areas", "menu-areas", "map", &[]),
    ("/admin/grids", "menu-grids", "map-pin", &[]),
    ("/admin/orgs", "menu-orgs", "department", &[]),
    ("/admin/categories", "menu-categories", "list", &[]),
    ("/admin/duties", "menu-duties", "gavel", &[]),
    ("/admin/clock-rules", "menu-clocks", "clock", &[]),
    ("/admin/calendar", "menu-calendar", "calendar", &[]),
    ("/admin/models", "menu-models", "chart", &[]),
    ("/admin/places", "menu-places", "map-pin", &[]),
    ("/admin/templates", "menu-templates", "edit", &[]),
    ("/admin/settings", "menu-settings", "settings", &[]),
    ("/admin/import", "menu-import", "upload", &[]),
    ("/admin/outbox", "menu-outbox", "send", &[]),
    ("/admin/webhooks", "menu-webhooks", "link", &[]),
    ("/admin/exchange", "menu-exchange", "link", &[]),
    ("/admin/privacy", "menu-privacy", "shield", &[]),
    ("/audit", "menu-audit", "log", &[]),
];

struct Entry {
    item: NavItem,
    roles: &'static [Role],
    wanted: Wanted,
    /// The number beside it, and what one must be allowed to see it.
    count: Option<(&'static str, Wanted)>,
}

fn present(table: &'static [(&str, &str, &str, &[Role])]) -> Vec<Entry> {
    let routes: Vec<_> = wiring::manifests().iter().flat_map(|m| (m.routes)()).collect();
    let page = |href: &str| routes.iter().find(|r| r.verb == Verb::Get && r.path == href);
    table
        .iter()
        .filter_map(|&(href, key, icon, roles)| {
            let wanted = page(href)?.access;
            let counted = COUNTS.iter().find(|(of, _)| *of == href);
            let count = counted.and_then(|(_, url)| Some((*url, page(url)?.access)));
            Some(Entry { item: NavItem { href, key, icon, count: None }, roles, wanted, count })
        })
        .collect()
}

fn open(wanted: Wanted, policy: &Policy, actor: &Actor) -> bool {
    match wanted {
        Wanted::Public => true,
        Wanted::LoggedIn => matches!(actor, Actor::Account { .. }),
        Wanted::May(action) => policy.allows_somewhere(actor, action),
    }
}

fn shown(entry: &Entry, policy: &Policy, actor: &Actor) -> bool {
    let meant = entry.roles.is_empty() || entry.roles.iter().any(|&role| actor.is(role));
    meant && open(entry.wanted, policy, actor)
}

fn of(ctx: &Ctx, entries: &[Entry]) -> Vec<NavItem> {
    let (Actor::Account { .. }, Some(access)) = (&ctx.actor, ctx.district.ports.get::<Access>()) else {
        return Vec::new();
    };
    let entries = entries.iter().filter(|entry| shown(entry, &access.policy, &ctx.actor));
    let counted = |entry: &Entry| {
        let (url, wanted) = entry.count?;
        open(wanted, &access.policy, &ctx.actor).then_some(url)
    };
    entries.map(|entry| NavItem { count: counted(entry), ..entry.item.clone() }).collect()
}

/// What this person's navigation shows.
pub fn items(ctx: &Ctx) -> Vec<NavItem> {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    of(ctx, ENTRIES.get_or_init(|| present(TABLE)))
}

/// What this person's administration page shows.
pub fn menu(ctx: &Ctx) -> Vec<NavItem> {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    of(ctx, ENTRIES.get_or_init(|| present(ADMIN)))
}

/// Names of places and organisations for the pages of accounts, from the atlas.
pub fn places() -> Places {
    fn atlas(district: &District) -> Option<Arc<Atlas>> {
        Some(district.ports.get::<AtlasPort>()?.get())
    }
    Places {
        area: |d, code| atlas(d).map_or_else(|| code.to_string(), |atlas| atlas.path(code)),
        org: |d, id| atlas(d).map_or_else(|| id.to_string(), |atlas| atlas.org_name(id).to_owned()),
        knows: |d, code| atlas(d).is_none_or(|atlas| atlas.area(code).is_some()),
        orgs: |d| {
            let choice = |org: &linli_grid::atlas::Org| OrgChoice {
                id: org.id,
                code: org.code.clone(),
                name: org.name.clone(),
                area: org.area.clone(),
            };
            atlas(d).map_or_else(Vec::new, |a| a.orgs().filter(|org| org.active).map(choice).collect())
        },
        areas: |d| {
            let wide = |area: &&linli_grid::atlas::Area| area.code.as_str().len() <= COMMUNITY;
            let named =
                |a: &Atlas| a.areas().filter(wide).map(|x| (x.code.clone(), a.path(&x.code))).collect();
            atlas(d).map_or_else(Vec::new, |a| named(&a))
        },
    }
}
