//! An account for every post of the demo, all with one password that everybody may know.

use std::sync::Arc;

use linli_access::{
    Access,
    accounts::{self, Founder, NewPost},
};
use linli_demo::Plan;
use linli_kernel::Result;
use linli_store::District;

pub(super) async fn write(district: &Arc<District>, plan: &Plan) -> Result<()> {
    let access = district.port::<Access>()?;
    let hash = access.passwords.hash(super::PASSWORD, &district.ids).await?;
    let founders: Vec<Founder> = plan
        .district
        .people
        .iter()
        .map(|person| Founder {
            id: person.id,
            login: person.login.clone(),
            name: person.name.clone(),
            area: person.posts.first().map_or_else(|| district.area.clone(), |p| p.area.clone()),
            phone: Some(person.phone.clone()),
            posts: person
                .posts
                .iter()
                .filter_map(|post| {
                    let org = plan.district.org(&post.org)?.id;
                    Some(NewPost { role: post.role, area: post.area.clone(), org, from: None, until: None })
                })
                .collect(),
        })
        .collect();
    let mut op = district.op("demo people").await?;
    accounts::found(&mut op, &founders, &hash, false).await?;
    op.commit().await
}
