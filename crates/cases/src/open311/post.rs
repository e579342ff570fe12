//! A report that comes in by this interface.

use linli_access::{Access, Target, api_keys};
use linli_grid::{Atlas, geometry::Wgs84};
use linli_kernel::{Actor, AreaCode, Error, person::parse_phone};
use linli_store::Op;
use linli_web::{
    Ctx,
    limit::Purpose,
    upload::{File, picture},
};

use super::{
    format::{Fault, Fields, Node},
    services::{self, Settings},
};
use crate::{
    app::{self, NewReport, Photo, ReporterInput},
    model::{Nature, Source},
};

/// The longest description.
const DESCRIPTION: usize = 4000;

/// What stops a report: its own fault, or ours.
pub(super) enum Stop {
    /// Told in this interface's words.
    Fault(Fault),
    /// Told by the house.
    Error(Error),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// The system whose key this is.
async fn client(ctx: &Ctx, fields: &Fields) -> Result<Actor, Stop> {
    let actor = match fields.get("api_key") {
        Some(key) => {
            let found = api_keys::authenticate(&mut ctx.read().await?, key, ctx.now()).await?;
            let client = found.ok_or_else(|| Fault::key("api_key is not valid"))?;
            ctx.app.limits().check(Purpose::Api, &client.id.to_string())?;
            if client.touch_due {
                api_keys::touch(&ctx.db, client.id, ctx.now()).await?;
            }
            client.actor
        }
        // The same key may come in the header instead.
        None if matches!(ctx.actor, Actor::Client { .. }) => ctx.actor.clone(),
        None => return Err(Fault::key("api_key is missing").into()),
    };
    let policy = &ctx.district.port::<Access>()?.policy;
    policy
        .permits(&actor, "case.report", &Target::at(&ctx.district.area))
        .map_err(|_| Fault::key("api_key may not report here"))?;
    Ok(actor)
}

fn coordinates(fields: &Fields) -> Result<Option<(f64, f64)>, Fault> {
    let read = |name: &str, most: f64| match fields.get(name) {
        None => Ok(None),
        Some(text) => match text.parse::<f64>() {
            Ok(degrees) if degrees.abs() <= most => Ok(Some(degrees)),
            _ => Err(Fault::bad(format!("{name} is no coordinate"))),
        },
    };
    match (read("lat", 90.0)?, read("long", 180.0)?) {
        (Some(lat), Some(long)) => Ok(Some((lat, long))),
        (None, None) => Ok(None),
        _ => Err(Fault::bad("lat and long belong together")),
    }
}

fn report(
    fields: &Fields,
    atlas: &Atlas,
    settings: &Settings,
    place: Option<&AreaCode>,
) -> Result<NewReport, Fault> {
    let code = fields.get("service_code").ok_or_else(|| Fault::bad("service_code is missing"))?;
    let service = services::find(atlas, code)?;
    let point = coordinates(fields)?;
    let address = fields.get("address_string").unwrap_or_default().to_owned();
    let area: Option<AreaCode> = match fields.get("address_id") {
        None => None,
        Some(id) => {
            let known = id.parse().ok().filter(|code| atlas.area(code).is_some());
            let known = known.filter(|code| place.is_none_or(|own| own.contains(code)));
            Some(known.ok_or_else(|| Fault::bad("address_id is not known"))?)
        }
    };
    if point.is_none() && address.is_empty() && area.is_none() {
        return Err(Fault::bad("a place is missing: lat and long, address_string, or address_id"));
    }
    let spot = point.and_then(|(lat, long)| Wgs84::new(long, lat));
    if let (Some(own), Some(spot)) = (place, spot)
        && !atlas.locate(spot).is_some_and(|grid| own.contains(grid))
    {
        return Err(Fault::bad("lat and long are outside the jurisdiction"));
    }
    let area = area.or_else(|| place.cloned());
    let description = fields.get("description").unwrap_or_default();
    if description.chars().count() > DESCRIPTION {
        return Err(Fault::bad(format!("description has more than {DESCRIPTION} characters")));
    }
    let none = Vec::new();
    let mut lines = vec![if description.is_empty() { service.name.clone() } else { description.to_owned() }];
    lines.extend(services::answers(settings.attributes.get(code).unwrap_or(&none), fields)?);
    // We do not fetch foreign addresses; those who work on the case may.
    if let Some(url) = fields.get("media_url") {
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(Fault::bad("media_url is no address"));
        }
        lines.push(url.to_owned());
    }
    if fields.get("email").is_some_and(|email| !email.contains('@')) {
        return Err(Fault::bad("email is no address"));
    }
    let name = [fields.get("last_name"), fields.get("first_name")].into_iter().flatten().collect::<String>();
    let phone = fields.get("phone").map(str::to_owned);
    if phone.as_deref().is_some_and(|p| parse_phone(p).is_none()) {
        return Err(Fault::bad("phone is no phone number"));
    }
    Ok(NewReport {
        source: Source::Open311,
        nature: Nature::Complaint,
        title: String::new(),
        text: lines.join("\n"),
        category: Some(service.code.clone()),
        point,
        area,
        address,
        reporter: ReporterInput {
            anonymous: name.is_empty() && phone.is_none(),
            name: Some(name).filter(|n| !n.is_empty()),
            phone,
            hidden: false,
        },
        urgent: false,
        photos: Vec::new(),
        parent: None,
        external: None,
        reported_at: None,
    })
}

/// Opens a case for what was sent; on the test endpoint only does as if.
pub(super) async fn take(
    ctx: &Ctx,
    fields: &Fields,
    files: Vec<File>,
    world: (&Atlas, &Settings, Option<&AreaCode>),
    test: bool,
) -> Result<Node, Stop> {
    let actor = client(ctx, fields).await?;
    let mut new = report(fields, world.0, world.1, world.2)?;
    for file in files.into_iter().filter(|f| f.field == "media") {
        let picture = picture("media", file.bytes).await?;
        if !test {
            new.photos.push(Photo::keep(&ctx.district, picture).await?);
        }
    }
    let mut op = Op::begin(ctx.district.clone(), &ctx.db, actor, ctx.request.clone()).await?;
    let receipt = app::report(&mut op, new).await?;
    if !test {
        op.commit().await?;
    }
    let notice = ctx.locale.t(if test { "open311-test-notice" } else { "open311-notice" });
    Ok(Node::List(
        "request",
        vec![Node::Map(vec![
            ("service_request_id", receipt.number.into()),
            ("service_notice", notice.into()),
            ("account_id", Node::maybe(fields.get("account_id"))),
        ])],
    ))
}
