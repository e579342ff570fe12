//! The frame around every page: title, language, navigation, who is logged in.

use linli_kernel::{Actor, Timestamp};

use crate::{
    Ctx, Locale, assets,
    markup::{Markup, escaped},
    prefs::Prefs,
};

/// One entry of the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NavItem {
    /// Where it leads.
    pub href: &'static str,
    /// Locale key of its words.
    pub key: &'static str,
    /// Name of its icon in the sprite.
    pub icon: &'static str,
    /// Where the number beside it comes from, fetched once the page is there.
    pub count: Option<&'static str>,
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
    /// Path and query, to come back to.
    pub path: String,
    /// The district's name for its people.
    pub district: String,
    /// The person's name, if logged in.
    pub person: Option<String>,
    /// Where the person works, beside the product's name.
    pub place: Option<String>,
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
            path: ctx.path.clone(),
            district: ctx.locale.t("district-name"),
            person: matches!(ctx.actor, Actor::Account { .. }).then(|| ctx.actor.name().to_owned()),
            place: None,
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

    /// The attributes of `<html>`: language, screen settings, emergency, where the icons are.
    pub fn attrs(&self) -> Markup {
        let Prefs { kind, scale, theme, keys, .. } = &self.prefs;
        let alert = self.alert.as_deref().unwrap_or_default();
        let data = [("type", *kind), ("scale", *scale), ("theme", *theme), ("keys", *keys), ("alert", alert)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty());
        let start = format!("lang=\"{}\" data-icons=\"{}\"", self.lang(), assets::url("icons.svg"));
        Markup::trusted(
            data.fold(start, |html, (name, value)| format!("{html} data-{name}=\"{}\"", escaped(value))),
        )
    }

    /// An icon of the sprite, for the eye only; the words stand beside it.
    pub fn icon(&self, name: &str) -> Markup {
        Markup::trusted(format!(
            "<svg class=\"icon\" aria-hidden=\"true\"><use href=\"{}#{}\"/></svg>",
            assets::url("icons.svg"),
            escaped(name)
        ))
    }

    /// Style and script of maps, for the `head` block of a page with one.
    pub fn map_head(&self) -> Markup {
        Markup::trusted(format!(
            "<link rel=\"stylesheet\" href=\"{}\">\n<script type=\"module\" src=\"{}\"></script>",
            assets::url("map.css"),
            assets::url("map.js")
        ))
    }

    /// The script of charts, for the `head` block of a page with one.
    pub fn chart_head(&self) -> Markup {
        Markup::trusted(format!("<script type=\"module\" src=\"{}\"></script>", assets::url("chart.js")))
    }

    /// A clock that counts on the page: red from `due`, amber from `amber` on.
    pub fn due(&self, due: &Timestamp, amber: Option<&Timestamp>) -> Markup {
        let state = match amber {
            _ if self.now >= *due => "red",
            Some(amber) if self.now >= *amber => "amber",
            _ => "green",
        };
        let amber = amber.map_or_else(String::new, |at| format!(" data-amber=\"{}\"", at.rfc3339()));
        Markup::trusted(format!(
            "<time class=\"clock\" datetime=\"{at}\" data-due=\"{at}\"{amber} data-state=\"{state}\">{}</time>",
            escaped(&self.time(due)),
            at = due.rfc3339(),
        ))
    }

    /// Whether the large type is on.
    pub fn large(&self) -> bool {
        self.prefs.kind == "large"
    }

    /// Sizes of letters to choose from in the elders' version.
    pub fn sizes(&self) -> &'static [&'static str] {
        &crate::prefs::SCALES
    }

    /// Whether a navigation entry is the present place: of entries that lie in each other, the deepest.
    pub fn here(&self, href: &str) -> bool {
        let path = self.path.split('?').next().unwrap_or_default();
        let holds = |href: &str| {
            path == href
                || (href.len() > 1 && path.strip_prefix(href).is_some_and(|rest| rest.starts_with('/')))
        };
        holds(href) && !self.nav.iter().any(|other| other.href.len() > href.len() && holds(other.href))
    }

    /// Whether the person's navigation has this entry.
    pub fn leads(&self, href: &str) -> bool {
        self.nav.iter().any(|item| item.href == href)
    }

    /// Whether the person works at the doors, with tabs at the thumb on every page.
    pub fn at_the_doors(&self) -> bool {
        self.leads("/work") && !self.leads("/desk/triage")
    }

    /// The number beside an entry of the navigation, kept up to date while the page is open.
    pub fn count(&self, href: &str) -> Markup {
        let url = self.nav.iter().find(|item| item.href == href).and_then(|item| item.count);
        Markup::trusted(url.map_or_else(String::new, |url| {
            format!("<span class=\"count\" hx-get=\"{url}\" hx-trigger=\"load, claim-changed from:body delay:1s\" hx-swap=\"innerHTML\"></span>")
        }))
    }

    /// Whether this is exactly the present place; for tabs of which one lies inside another.
    pub fn at(&self, href: &str) -> bool {
        self.path.split('?').next() == Some(href)
    }
}
