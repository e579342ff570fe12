//! The frame around every page: title, language, navigation, who is logged in.

use linli_kernel::{Actor, Timestamp};

use crate::{Ctx, Locale, assets, prefs::Prefs};

/// One entry of the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NavItem {
    /// Where it leads.
    pub href: &'static str,
    /// Locale key of its words.
    pub key: &'static str,
    /// Name of its icon in the sprite.
    pub icon: &'static str,
}

/// Fills the navigation for a person; the binary wires it from the policy.
pub struct NavPort(pub fn(&Ctx) -> Vec<NavItem>);

/// What the layout template needs.
#[derive(Clone)]
pub struct Chrome {
    /// The page's title.
    pub title: String,
    /// The texts.
    pub locale: Locale,
    /// Screen settings.
    pub prefs: Prefs,
    /// For inline styles of islands.
    pub nonce: String,
    /// Path and query, to come back to.
    pub path: String,
    /// The district's name for its people.
    pub district: String,
    /// The person's name, if logged in.
    pub person: Option<String>,
    /// Navigation.
    pub nav: Vec<NavItem>,
    /// The emergency's colour (red, orange, yellow, blue), if there is one.
    pub alert: Option<String>,
    /// The present, for clocks on the page.
    pub now: Timestamp,
}

impl Chrome {
    /// The frame for this request.
    pub fn new(ctx: &Ctx, title: String) -> Self {
        let nav = ctx.district.ports.get::<NavPort>().map_or_else(Vec::new, |nav| (nav.0)(ctx));
        Self {
            title,
            locale: ctx.locale.clone(),
            prefs: ctx.prefs.clone(),
            nonce: ctx.nonce.clone(),
            path: ctx.path.clone(),
            district: ctx.locale.t("district-name"),
            person: matches!(ctx.actor, Actor::Account { .. }).then(|| ctx.actor.name().to_owned()),
            nav,
            alert: None,
            now: ctx.now(),
        }
    }

    /// The text of `key`.
    pub fn t(&self, key: &str) -> String {
        self.locale.t(key)
    }

    /// The text of `key` with one argument.
    pub fn t1(&self, key: &str, name: &str, value: impl ToString) -> String {
        self.locale.t_with(key, &[(name, value.to_string())])
    }

    /// The text of `key` with two arguments.
    pub fn t2(&self, key: &str, a: &str, av: impl ToString, b: &str, bv: impl ToString) -> String {
        self.locale.t_with(key, &[(a, av.to_string()), (b, bv.to_string())])
    }

    /// A date and time as people read it.
    pub fn time(&self, at: &Timestamp) -> String {
        self.locale.time(*at)
    }

    /// The address of an asset, with its version.
    pub fn asset(&self, name: &str) -> String {
        assets::url(name)
    }

    /// `zh-CN` or `en`.
    pub fn lang(&self) -> &'static str {
        self.locale.language.as_str()
    }

    /// The other language's code, for the switch.
    pub fn other_lang(&self) -> &'static str {
        if self.lang() == "en" { "zh-CN" } else { "en" }
    }

    /// Whether the large type is on.
    pub fn large(&self) -> bool {
        self.prefs.size == "large"
    }

    /// Whether a navigation entry is the present place.
    pub fn here(&self, href: &str) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        path == href || (href.len() > 1 && path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')))
    }
}
