//! The navigation: one table over all slices. An entry shows where its page exists and its own guard
//! lets the person in, so no entry leads to a refusal.

use std::sync::OnceLock;

use linli_access::{Access, Policy};
use linli_kernel::{Actor, Role};
use linli_web::{Access as Wanted, Ctx, NavItem, Verb};

use crate::wiring;

const DEPARTMENTS: &[Role] = &[Role::Department, Role::DepartmentLead];

/// Address, words, icon, and the roles it is meant for where the right alone would show it to too many.
const TABLE: &[(&str, &str, &str, &[Role])] = &[
    ("/work", "nav-work", "walk", &[Role::GridWorker, Role::CommunitySecretary]),
    ("/desk/inbox", "nav-inbox", "inbox", DEPARTMENTS),
    ("/desk/triage", "nav-triage", "board", &[]),
    ("/desk/clocks", "nav-clocks", "clock", &[]),
    ("/desk/returns", "nav-returns", "return", &[]),
    ("/desk/suspended", "nav-suspended", "pause", &[]),
    ("/desk/followups", "nav-followups", "phone", &[]),
    ("/desk/cases", "nav-cases", "list", &[]),
    ("/desk/overview", "nav-overview", "chart", &[]),
    ("/admin", "nav-admin", "settings", &[]),
    ("/audit", "nav-audit", "log", &[]),
];

struct Entry {
    item: NavItem,
    roles: &'static [Role],
    wanted: Wanted,
}

fn entries() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let routes: Vec<_> = wiring::manifests().iter().flat_map(|m| (m.routes)()).collect();
        let page = |href: &str| routes.iter().find(|r| r.verb == Verb::Get && r.path == href);
        TABLE
            .iter()
            .filter_map(|&(href, key, icon, roles)| {
                let wanted = page(href)?.access;
                Some(Entry { item: NavItem { href, key, icon }, roles, wanted })
            })
            .collect()
    })
}

fn shown(entry: &Entry, policy: &Policy, actor: &Actor) -> bool {
    let meant = entry.roles.is_empty() || entry.roles.iter().any(|&role| actor.is(role));
    meant
        && match entry.wanted {
            Wanted::Public => true,
            Wanted::LoggedIn => matches!(actor, Actor::Account { .. }),
            Wanted::May(action) => policy.allows_somewhere(actor, action),
        }
}

/// What this person's navigation shows.
pub fn items(ctx: &Ctx) -> Vec<NavItem> {
    let (Actor::Account { .. }, Some(access)) = (&ctx.actor, ctx.district.ports.get::<Access>()) else {
        return Vec::new();
    };
    let entries = entries().iter().filter(|entry| shown(entry, &access.policy, &ctx.actor));
    entries.map(|entry| entry.item.clone()).collect()
}
