//! Codes at doors: signed, one at a time, ended and replaced; who did it is in the log.

use linli_household::code::{self, Code, CodeKind, Label};
use linli_testkit::both_engines;

use super::*;

/// The code of a home, made if there is none.
pub(crate) async fn code_of(d: &Arc<District>, dwelling: DwellingId) -> Code {
    let mut op = op(d, actor(Role::StreetCentre, DISTRICT)).await;
    let building = linli_household::store::places::dwelling(&mut op.tx, dwelling).await.unwrap().building_id;
    code::issue_missing(&mut op, building).await.unwrap();
    let states = code::of_building(&mut op.tx, building).await.unwrap();
    let number = states.iter().find(|s| s.thing == dwelling.0).unwrap().n.unwrap();
    let code = code::by_label(&mut op.tx, Label(number)).await.unwrap().unwrap();
    op.commit().await.unwrap();
    code
}

both_engines! {
    async fn each_thing_has_one_live_code(s) {
        let d = district(&s).await;
        let house = building(&d, GRID, "3号楼").await;
        let (one, two) = (dwelling(&d, house, "501").await, dwelling(&d, house, "502").await);
        let mut op1 = op(&d, worker()).await;
        assert_eq!(code::issue_missing(&mut op1, house).await.unwrap(), 4, "house, staircase, two doors");
        assert_eq!(code::issue_missing(&mut op1, house).await.unwrap(), 0, "and none twice");
        op1.commit().await.unwrap();
        let mut conn = d.db.read().await.unwrap();
        let states = code::of_building(&mut conn, house).await.unwrap();
        let kinds: Vec<CodeKind> = states.iter().map(|s| s.kind).collect();
        assert_eq!(kinds, [CodeKind::Building, CodeKind::Unit, CodeKind::Dwelling, CodeKind::Dwelling]);
        assert_eq!(states[2].thing, one.0);
        assert_eq!((states[3].thing, states[3].unit.as_deref(), states[3].door.as_deref()), (two.0, Some("2单元"), Some("502")));
        assert!(states.iter().all(|s| s.issued_by.as_deref() == Some("张网格") && s.earlier == 0));
        drop(conn);
        assert_eq!(log(&d).await.iter().filter(|a| *a == "code.issue").count(), 1);
        for (who, expected) in [(actor(Role::GridWorker, NEXT_GRID), "404"), (actor(Role::DistrictCentre, DISTRICT), "404")] {
            let mut op1 = op(&d, who).await;
            assert_eq!(key(code::issue_missing(&mut op1, house).await), expected);
        }
    }

    async fn a_label_is_ours_or_it_is_nothing(s) {
        let d = district(&s).await;
        let home = home(&d, GRID, "3号楼").await;
        let code = code_of(&d, home).await;
        let access = d.port::<Access>().unwrap();
        let text = Label(code.n).text(&access, &d.area).unwrap();
        assert_eq!(text.len(), 16);
        assert_eq!(Label::read(&text, &access, &d.area).unwrap(), Some(Label(code.n)));
        assert_eq!(Label::read(&Label::grouped(&text), &access, &d.area).unwrap(), Some(Label(code.n)), "as it is typed");
        // Any other letter anywhere is no label, nor is one of another district.
        for at in 0..16 {
            let mut other: Vec<char> = text.chars().collect();
            other[at] = if other[at] == '7' { '8' } else { '7' };
            let other: String = other.into_iter().collect();
            assert_eq!(Label::read(&other, &access, &d.area).unwrap(), None, "{other}");
        }
        assert_eq!(Label::read(&text, &access, &area("371003")).unwrap(), None);
        for rubbish in ["", "门牌", "0000000000000000", &"a".repeat(4000)] {
            assert_eq!(Label::read(rubbish, &access, &d.area).unwrap(), None);
        }
    }

    async fn a_home_is_known_by_its_code_or_its_address(s) {
        use linli_household::read::{self, Called};

        fn named(text: &str) -> Called<'_> {
            Called { text, ..Called::default() }
        }

        let d = district(&s).await;
        let (one, far) = (home(&d, GRID, "3号楼").await, home(&d, FAR_GRID, "3号楼").await);
        let code = code_of(&d, one).await;
        let text = Label(code.n).text(&d.port::<Access>().unwrap(), &d.area).unwrap();
        let of = async |within: &str, by: Called<'_>| {
            read::called(&d, &mut d.db.read().await.unwrap(), &area(within), by).await.unwrap()
        };
        for text in [text.as_str(), &Label::grouped(&text), &format!("https://linli.example/d/{text}?lang=en")] {
            assert_eq!(of(COMMUNITY, named(text)).await, Some(one), "{text}");
            assert_eq!(of(OTHER_STREET, named(text)).await, None, "it is in another street");
        }
        for text in ["锦绣花园3号楼2单元501", "锦绣花园 三栋 2单元 501室", "塔山社区锦绣花园3号楼2单元501"] {
            assert_eq!(of(COMMUNITY, named(text)).await, Some(one), "{text}");
        }
        let parts = Called { place: "锦绣花园", building: "3", unit: "2", door: "501", ..Called::default() };
        assert_eq!(of(COMMUNITY, parts).await, Some(one));
        // In a whole district two are called so, until the community is said.
        assert_eq!(of(DISTRICT, parts).await, None);
        assert_eq!(of(DISTRICT, Called { community: "海滨社区", ..parts }).await, Some(far));
        assert_eq!(of(DISTRICT, named("海滨社区锦绣花园3号楼2单元501")).await, Some(far));
        for nothing in [named("锦绣花园3号楼"), named("0000000000000000"), Called::default()] {
            assert_eq!(of(COMMUNITY, nothing).await, None, "{nothing:?}");
        }
        // A code that is ended leads nowhere.
        let mut op1 = op(&d, worker()).await;
        code::revoke(&mut op1, code.id, "标签丢失").await.unwrap();
        op1.commit().await.unwrap();
        assert_eq!(of(COMMUNITY, named(&text)).await, None);
    }

    async fn a_code_is_ended_and_replaced(s) {
        let d = district(&s).await;
        let home = home(&d, GRID, "3号楼").await;
        let old = code_of(&d, home).await;
        let mut op1 = op(&d, worker()).await;
        assert_eq!(key(code::reissue(&mut op1, old.id, " ").await), "error-required");
        let house = code::reissue(&mut op1, old.id, "标签丢失").await.unwrap();
        assert_eq!(key(code::revoke(&mut op1, old.id, "再来一次").await), "code-revoked-already");
        op1.commit().await.unwrap();
        let mut conn = d.db.read().await.unwrap();
        let ended = code::by_label(&mut conn, Label(old.n)).await.unwrap().unwrap();
        assert!(ended.revoked_at.is_some());
        let states = code::of_building(&mut conn, house).await.unwrap();
        let now = states.iter().find(|s| s.thing == home.0).unwrap();
        assert!(now.n.is_some_and(|n| n != old.n) && now.earlier == 1);
        drop(conn);
        let mut far = op(&d, actor(Role::GridWorker, NEXT_GRID)).await;
        assert_eq!(key(code::revoke(&mut far, now.id.unwrap(), "别人的").await), "404");
        drop(far);
        let details: Vec<(String, String)> =
            d.db.read().await.unwrap().all("SELECT detail, actor FROM activity WHERE action = 'code.revoke'", vec![]).await.unwrap();
        assert!(details.len() == 1 && details[0].0.contains("标签丢失") && details[0].1 == "张网格", "{details:?}");
    }
}
