//! Areas, organisations, categories and the duty list of the demo.

use std::sync::Arc;

use linli_demo::{Plan, district::AreaPlan};
use linli_grid::{
    Area, AtlasPort, Contact,
    seed::{self, Land, OrgSeed},
};
use linli_kernel::Result;
use linli_store::District;

pub(super) async fn write(district: &Arc<District>, plan: &Plan) -> Result<()> {
    let land = Land {
        areas: plan.district.areas.iter().map(|a| area(a, plan)).collect(),
        orgs: plan
            .district
            .orgs
            .iter()
            .map(|org| OrgSeed {
                id: Some(org.id),
                code: org.code.clone(),
                name: org.name.clone(),
                short: org.short.clone(),
                kind: org.kind,
                area: org.area.clone(),
                parent: org.parent.clone(),
                standing: org.standing,
                duty_code: org.duty_code.clone(),
                purpose: org.duty.clone(),
            })
            .collect(),
    };
    let mut op = district.op("demo land").await?;
    seed::write(&mut op, &land).await?;
    op.commit().await?;
    district.port::<AtlasPort>()?.reload(&mut district.db.read().await?).await
}

fn area(plan: &AreaPlan, all: &Plan) -> Area {
    let contact = |nth: Option<usize>| {
        let person = all.district.people.get(nth?)?;
        Some(Contact {
            account: Some(person.id),
            name: person.name.clone(),
            phone: Some(person.phone.clone()),
        })
    };
    Area {
        official: plan.official.clone(),
        kind: plan.kind,
        residents: plan.residents,
        households: plan.households,
        worker: contact(plan.worker),
        deputy: contact(plan.deputy),
        supervision_phone: plan.supervision_phone.clone(),
        centre: Some(plan.shape.label_point()),
        shape: Some(plan.shape.clone()),
        ..Area::named(plan.code.clone(), plan.name.clone())
    }
}
