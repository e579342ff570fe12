//! Who may do what, where (权限): `policies/permissions.csv` and the scope of the posts held.
//!
//! [`Policy::permits`] and the list filter ([`Scope::filter`]) answer from the same [`Scope`], so a
//! list shows exactly what its rows' own pages would show.

mod scope;
mod table;

pub use scope::Scope;
pub use table::{BadTable, Duty, Reach};

use linli_kernel::{
    Actor, AreaCode, Error, Result, Role,
    actor::{OrgId, Post},
};
use linli_store::Op;
use table::Rights;

use crate::Access;

/// The thing an action is aimed at, as far as rights depend on it.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// Where it is.
    pub area: &'a AreaCode,
    /// The organisations that take part in it (leading or assisting).
    pub orgs: &'a [OrgId],
}

impl<'a> Target<'a> {
    /// A thing that belongs to a place only.
    pub const fn at(area: &'a AreaCode) -> Self {
        Self { area, orgs: &[] }
    }
}

/// The two readable tables, parsed.
#[derive(Debug, Clone)]
pub struct Policy {
    rights: Vec<Rights>,
    duties: Vec<Duty>,
}

/// The table as it is written, for the page that shows it.
pub const PERMISSIONS: &str = include_str!("../../../../policies/permissions.csv");
/// What each role means and demands.
pub const ROLES: &str = include_str!("../../../../policies/roles.csv");

impl Policy {
    /// The tables that the program was built with.
    pub fn built_in() -> Result<Self, BadTable> {
        Self::parse(PERMISSIONS, ROLES)
    }

    /// Reads both tables; an error names file, line and column.
    pub fn parse(permissions: &str, roles: &str) -> Result<Self, BadTable> {
        Ok(Self { rights: table::rights(permissions)?, duties: table::duties(roles)? })
    }

    /// Every action, in the order of the table, with its Chinese and English words.
    pub fn actions(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.rights.iter().map(|r| (r.action.as_str(), r.zh.as_str(), r.en.as_str()))
    }

    /// Whether the table has a row for `action`; a test walks all routes and asks.
    pub fn knows(&self, action: &str) -> bool {
        self.rights.iter().any(|r| r.action == action)
    }

    /// Whether an API key may be given `action`.
    pub fn grantable(&self, action: &str) -> bool {
        self.rights.iter().any(|r| r.action == action && r.client)
    }

    /// How far `role` reaches with `action`, if at all.
    pub fn reach(&self, role: Role, action: &str) -> Option<Reach> {
        self.rights.iter().find(|r| r.action == action)?.of(role)
    }

    /// What the second table says about `role`.
    pub fn duty(&self, role: Role) -> Option<&Duty> {
        self.duties.iter().find(|d| d.role == role)
    }

    /// Whether one of the posts demands a second factor (二次验证).
    pub fn needs_factor<'p>(&self, posts: impl IntoIterator<Item = &'p Post>) -> bool {
        posts.into_iter().any(|p| self.duty(p.role).is_some_and(|d| d.second_factor))
    }

    /// Two roles of one group that one account must never hold together (三员分离).
    pub fn conflict(&self, roles: &[Role]) -> Option<(Role, Role)> {
        let group = |role: Role| self.duty(role).and_then(|d| d.exclusive.as_deref());
        roles.iter().enumerate().find_map(|(n, &one)| {
            roles[n + 1..]
                .iter()
                .find(|&&other| one != other && group(one).is_some() && group(one) == group(other))
                .map(|&other| (one, other))
        })
    }

    /// Where `actor` may do `action`.
    pub fn scope(&self, actor: &Actor, action: &str) -> Scope {
        let Some(row) = self.rights.iter().find(|r| r.action == action) else { return Scope::nothing() };
        match actor {
            Actor::System => Scope::everything(),
            Actor::Public => Scope::nothing(),
            Actor::Client { scopes, area, .. } => {
                let granted = row.client && scopes.iter().any(|s| s == action);
                Scope::of(granted.then(|| area.clone()), None)
            }
            Actor::Account { posts, .. } => {
                let with = |counts: fn(Reach) -> bool| {
                    posts.iter().filter(move |p| row.of(p.role).is_some_and(counts))
                };
                Scope::of(with(Reach::area).map(|p| p.area.clone()), with(Reach::org).map(|p| p.org))
            }
        }
    }

    /// Whether there is any place where `actor` may do `action`: for menus and for routes without a thing.
    pub fn allows_somewhere(&self, actor: &Actor, action: &str) -> bool {
        !self.scope(actor, action).is_nothing()
    }

    /// Whether `actor` may do `action` to `target`.
    ///
    /// A refusal is [`Error::NotFound`] unless the actor may see the thing anyway (`….read` of the same
    /// noun) or could do this nowhere at all: who cannot see a thing does not learn that it is there.
    pub fn permits(&self, actor: &Actor, action: &str, target: &Target<'_>) -> Result<()> {
        if !self.knows(action) {
            return Err(Error::internal(format!("permissions.csv has no row for {action}")));
        }
        if matches!(actor, Actor::Public) {
            return Err(Error::Unauthorised);
        }
        let scope = self.scope(actor, action);
        if scope.covers(target.area, target.orgs) {
            return Ok(());
        }
        let read = action.split_once('.').map(|(noun, _)| format!("{noun}.read")).unwrap_or_default();
        let seen = if self.knows(&read) {
            self.scope(actor, &read).covers(target.area, target.orgs)
        } else {
            scope.is_nothing()
        };
        Err(if seen { Error::Forbidden("error-forbidden") } else { Error::NotFound })
    }

    /// As [`Policy::permits`] for a route that has no thing yet.
    pub fn require_somewhere(&self, actor: &Actor, action: &str) -> Result<()> {
        match actor {
            _ if !self.knows(action) => {
                Err(Error::internal(format!("permissions.csv has no row for {action}")))
            }
            Actor::Public => Err(Error::Unauthorised),
            _ if self.allows_somewhere(actor, action) => Ok(()),
            _ => Err(Error::Forbidden("error-forbidden")),
        }
    }
}

/// Asking the policy from inside a use case.
pub trait Authorise {
    /// Refuses unless the actor may do `action` to `target`.
    fn permit(&self, action: &str, target: &Target<'_>) -> Result<()>;
    /// As [`Authorise::permit`] for a place that was told in a form or body: one that is out of reach, or nowhere, is
    /// the fault of that field. Only what the address names is “not there”.
    fn permit_told(&self, action: &str, area: &AreaCode, field: &str) -> Result<()>;
    /// Where the actor may do `action`.
    fn scope(&self, action: &str) -> Result<Scope>;
}

impl Authorise for Op {
    fn permit(&self, action: &str, target: &Target<'_>) -> Result<()> {
        self.district.port::<Access>()?.policy.permits(&self.actor, action, target)
    }

    fn permit_told(&self, action: &str, area: &AreaCode, field: &str) -> Result<()> {
        self.permit(action, &Target::at(area)).map_err(|error| match error {
            Error::NotFound => Error::field(field, "error-area-unknown"),
            other => other,
        })
    }

    fn scope(&self, action: &str) -> Result<Scope> {
        Ok(self.district.port::<Access>()?.policy.scope(&self.actor, action))
    }
}
