//! The large looks stand on one's own page too: a sheet, a list on a phone, another platform.

use linli_household::{
    mine::{self, Look, Way},
    model::Leaving,
    register::MoveOut,
    visits,
};
use linli_kernel::params;
use linli_store::op::Language;
use linli_testkit::both_engines;

use super::*;

const HOUR: Duration = Duration::from_hours(1);

async fn sheet(d: &Arc<District>, who: Actor, code: &str, reason: &str) {
    let catalog = linli_web::Catalog::new(linli_household::manifest().locales).unwrap();
    let mut op = op(d, who).await;
    app::export(&mut op, &area(code), reason, &catalog.locale(Language::Chinese)).await.unwrap();
    op.commit().await.unwrap();
    d.clock.advance(HOUR);
}

async fn list(d: &Arc<District>) {
    let mut op = op(d, worker()).await;
    visits::pack(&mut op, Vec::new()).await.unwrap();
    op.commit().await.unwrap();
    d.clock.advance(HOUR);
}

async fn looks(d: &District, of: &[ResidentId]) -> Vec<Look> {
    mine::looks(&mut d.db.read().await.unwrap(), of).await.unwrap()
}

fn said(all: &[Look]) -> Vec<(Way, Option<&str>, usize)> {
    all.iter().map(|l| (l.way, l.reason.as_deref(), l.about.len())).collect()
}

both_engines! {
    async fn a_sheet_a_list_and_a_platform_stand_on_ones_own_page(s) {
        let d = telling(&s).await;
        let (here, far) = (home(&d, GRID, "3号楼").await, home(&d, FAR_GRID, "9号楼").await);
        sheet(&d, secretary(), COMMUNITY, "还没有人住").await;
        let wang = add(&d, here, &facts("王小明", ID, PHONE)).await.id;
        let li = add(&d, here, &facts("李丽", "", "10000000002")).await.id;
        let other = add(&d, far, &facts("赵六", "", "10000000003")).await.id;
        d.clock.advance(HOUR);
        assert_eq!(looks(&d, &[wang]).await, [], "a sheet from before they came did not hold them");

        sheet(&d, secretary(), COMMUNITY, "核对疫苗接种").await;
        for _ in 0..3 {
            list(&d).await;
        }
        let family = looks(&d, &[wang, li]).await;
        assert_eq!(said(&family), [(Way::List, None, 2), (Way::Sheet, Some("核对疫苗接种"), 2)], "a list is said once a day");
        assert_eq!((family[1].who.as_str(), family[1].area.as_ref()), ("张网格", Some(&area(COMMUNITY))));
        assert_eq!(looks(&d, &[other]).await, [], "neither was of their street");

        // Another platform is told; what for and when it last heard of them stands there.
        let (agreement, _) = concluded(&d, &wanted(&d, Direction::Out, &[Shared::ResidentName], &[GRID])).await;
        let at = d.clock.now();
        let mut op1 = op(&d, Actor::System).await;
        op1.tx
            .execute(
                "INSERT INTO exchange_told (agreement_id, resident_id, first_at, last_at) VALUES ($1, $2, $3, $3)",
                params![agreement.id, wang, at],
            )
            .await
            .unwrap();
        op1.commit().await.unwrap();
        let platform = looks(&d, &[wang, li]).await.remove(0);
        let what = (platform.way, platform.who.as_str(), platform.reason.as_deref(), platform.at);
        assert_eq!(what, (Way::Platform, "疫情防控一体化平台", Some("疫情流调"), at));
        assert_eq!(platform.about, [wang]);

        // Who has left is in no later sheet; the earlier one stays on the page.
        d.clock.advance(HOUR);
        let mut out = op(&d, worker()).await;
        let left = MoveOut { reason: Leaving::Away, at: out.now, destination: None };
        app::move_out(&mut out, wang, &left).await.unwrap();
        out.commit().await.unwrap();
        d.clock.advance(HOUR);
        sheet(&d, secretary(), GRID, "年末核对名册").await;
        let of = |all: Vec<Look>| all.into_iter().filter(|l| l.way == Way::Sheet).filter_map(|l| l.reason).collect::<Vec<_>>();
        assert_eq!(of(looks(&d, &[wang]).await), ["核对疫苗接种"]);
        assert_eq!(of(looks(&d, &[li]).await), ["年末核对名册", "核对疫苗接种"]);
    }
}
