//! The district as the tables of areas and organisations take it.

use linli_grid::{
    Area, Contact,
    seed::{Land, OrgSeed},
};

use crate::district::District;

/// The ground and the organisations of `district`, for [`linli_grid::seed::write`].
pub fn land(district: &District) -> Land {
    let contact = |nth: Option<usize>| {
        let person = district.people.get(nth?)?;
        Some(Contact {
            account: Some(person.id),
            name: person.name.clone(),
            phone: Some(person.phone.clone()),
        })
    };
    let areas = district.areas.iter().map(|plan| Area {
        code: plan.code.clone(),
        name: plan.name.clone(),
        official: plan.official.clone(),
        kind: plan.kind,
        residents: plan.residents,
        households: plan.households,
        worker: contact(plan.worker),
        deputy: contact(plan.deputy),
        supervision_phone: plan.supervision_phone.clone(),
        centre: Some(plan.shape.label_point()),
        shape: Some(plan.shape.clone()),
    });
    let orgs = district.orgs.iter().map(|plan| OrgSeed {
        id: Some(plan.id),
        code: plan.code.clone(),
        name: plan.name.clone(),
        short: plan.short.clone(),
        kind: plan.kind,
        area: plan.area.clone(),
        parent: plan.parent.clone(),
        standing: plan.standing,
        duty_code: plan.duty_code.clone(),
        purpose: plan.duty.clone(),
    });
    Land { areas: areas.collect(), orgs: orgs.collect() }
}
