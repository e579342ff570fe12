//! What this phone remembers, so that nobody has to type it again: the grid it was last used in, and
//! the secret links of what was reported from it. Only in cookies; taken off with one button.

use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use linli_grid::{Area, Atlas};
use linli_kernel::area::AreaLevel;
use linli_web::Ctx;

const GRID: &str = "linli_grid";
const MINE: &str = "linli_mine";
/// As many as a home page shows.
const MOST: usize = 8;

fn cookie(ctx: &Ctx, name: &'static str, value: String) -> Cookie<'static> {
    Cookie::build((name, value))
        .path("/")
        .same_site(SameSite::Lax)
        .http_only(true)
        .secure(ctx.origin.starts_with("https:"))
        .permanent()
        .build()
}

/// The grid that this phone knows.
pub(super) fn grid<'a>(jar: &CookieJar, atlas: &'a Atlas) -> Option<&'a Area> {
    let code = jar.get(GRID)?.value().parse().ok()?;
    atlas.area(&code).filter(|area| area.level() == AreaLevel::Grid)
}

/// Remembers the grid.
pub(super) fn keep_grid(ctx: &Ctx, jar: CookieJar, area: &Area) -> CookieJar {
    if area.level() == AreaLevel::Grid { jar.add(cookie(ctx, GRID, area.code.to_string())) } else { jar }
}

/// The links of what was reported from this phone, the newest first.
pub(super) fn mine(jar: &CookieJar) -> Vec<String> {
    let kept = jar.get(MINE).map(|c| c.value().to_owned()).unwrap_or_default();
    kept.split('.').filter(|token| !token.is_empty()).take(MOST).map(str::to_owned).collect()
}

/// Remembers one more link.
pub(super) fn keep_mine(ctx: &Ctx, jar: CookieJar, token: &str) -> CookieJar {
    let mut tokens = mine(&jar);
    tokens.retain(|known| known != token);
    tokens.insert(0, token.to_owned());
    tokens.truncate(MOST);
    jar.add(cookie(ctx, MINE, tokens.join(".")))
}

/// Takes everything off this phone.
pub(super) fn forget(jar: CookieJar) -> CookieJar {
    [GRID, MINE].into_iter().fold(jar, |jar, name| jar.remove(Cookie::build(name).path("/").build()))
}
