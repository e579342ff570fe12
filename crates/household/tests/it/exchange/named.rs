//! What the agreement does not name never leaves, whatever agreement and whatever register.

use linli_household::{
    model::{Basis, CareKind, EntityFacts, EntityKind, Say, Source, Usage, Uscc},
    register::{EntityPlace, NewCare},
};
use linli_testkit::both_engines;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};

use super::*;

/// A text that stands in the register once, under this field, and in no other.
struct Mark {
    field: Shared,
    text: String,
    area: &'static str,
}

/// Someone, a home, a shop in `grid`, whose every field can be recognised.
async fn filled(d: &Arc<District>, grid: &'static str, n: usize) -> Vec<Mark> {
    let numbers = ["11010519491231002X", "440524188001010014"];
    let names = ["欧阳海燕", "司马长风"];
    let place = home(d, grid, &format!("{}号楼", 77 + n)).await;
    let phone = format!("1000000777{n}");
    let id = add(d, place, &facts(names[n], numbers[n], &phone)).await.id;
    let mut op = op(d, actor(Role::StreetCentre, DISTRICT)).await;
    let new = NewCare {
        kind: CareKind::LivesAlone,
        basis: Basis::Consent,
        basis_note: "v1".into(),
        source: Source::Worker,
        expires_at: None,
    };
    let mut news = linli_household::register::News::new();
    linli_household::register::add_care(&mut op, &mut news, id, &new).await.unwrap();
    let uscc = ["91350100M000100Y43", "91371002MA3C4D5E6X"][n];
    let at = EntityPlace { area: area(grid), dwelling: None };
    let shop = EntityFacts {
        uscc: Say::of(Uscc::parse(uscc)),
        name: Some(format!("望海便利店{n}")),
        kind: Some(EntityKind::Shop),
        address: Some(format!("望海街{}号", 801 + n)),
        contact_name: Say::Is(format!("诸葛孔明{n}")),
        contact_phone: Say::Is(format!("1000000888{n}")),
    };
    let by = linli_household::model::Mark::worker(op.now);
    linli_household::register::put_entity(&mut op, &mut news, (None, None), &at, &shop, &by).await.unwrap();
    news.publish(&mut op).await.unwrap();
    op.commit().await.unwrap();
    let mut marks = vec![
        (Shared::ResidentName, names[n].to_owned()),
        (Shared::ResidentIdNumber, numbers[n].to_owned()),
        (Shared::ResidentPhone, phone),
        (Shared::ResidentBirth, [r#""birth":"1949-12-31""#, r#""birth":"1880-01-01""#][n].to_owned()),
        (Shared::ResidentSex, r#""sex":"#.to_owned()),
        (Shared::ResidentRelation, r#""relation":"#.to_owned()),
        (Shared::ResidentResidence, r#""residence":"#.to_owned()),
        (Shared::ResidentCare, "lives_alone".to_owned()),
        (Shared::DwellingUsage, format!(r#""usage":"{}""#, Usage::Own)),
        (Shared::HouseholdHead, r#""head":"#.to_owned()),
        (Shared::EntityName, format!("望海便利店{n}")),
        (Shared::EntityAddress, format!("望海街{}号", 801 + n)),
        (Shared::EntityContact, format!("诸葛孔明{n}")),
        (Shared::EntityContact, format!("1000000888{n}")),
    ];
    if Uscc::parse(uscc).is_some() {
        marks.push((Shared::EntityUscc, uscc.to_owned()));
    }
    marks.into_iter().map(|(field, text)| Mark { field, text, area: grid }).collect()
}

both_engines! {
    async fn what_is_not_named_never_leaves(s) {
        let d = telling(&s).await;
        let mut marks = filled(&d, GRID, 0).await;
        marks.extend(filled(&d, FAR_GRID, 1).await);
        let addresses = [(GRID, "锦绣花园77号楼"), (FAR_GRID, "锦绣花园78号楼")];
        let fields = prop::collection::vec(prop::sample::select(Shared::ALL.to_vec()), 1..8);
        let places = prop::sample::select(vec![DISTRICT, STREET, OTHER_STREET, COMMUNITY, GRID, NEXT_GRID, FAR_GRID]);
        let areas = prop::collection::vec(places, 1..3);
        let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(1) });
        let mut seen = std::collections::BTreeSet::new();
        let (mut base, _) = concluded(&d, &wanted(&d, Direction::Out, Shared::ALL, &[DISTRICT])).await;
        for round in 0..150 {
            base.fields = if round == 0 { Shared::ALL.to_vec() } else { fields.new_tree(&mut runner).unwrap().current() };
            base.areas = areas.new_tree(&mut runner).unwrap().current().iter().map(|code| area(code)).collect();
            if round == 0 {
                base.areas = vec![area(DISTRICT)];
            }
            // Another agreement has another feed.
            for sql in ["DELETE FROM exchange_feed", "UPDATE exchange_agreement SET scanned = 0"] {
                let mut tx = d.db.begin().await.unwrap();
                tx.execute(sql, vec![]).await.unwrap();
                tx.commit().await.unwrap();
            }
            let (told, _) = all(&d, &base, 0).await;
            let text = serde_json::to_string(&told).unwrap();
            for mark in &marks {
                let named = base.names(mark.field) && base.covers(&area(mark.area));
                // Words that stand in both places leave if either may.
                let elsewhere = marks.iter().any(|m| {
                    m.text == mark.text && base.names(m.field) && base.covers(&area(m.area))
                });
                assert_eq!(text.contains(&mark.text), named || elsewhere, "{} {:?}: {text}", mark.text, base.fields);
                if named { seen.insert(mark.field); }
            }
            for (grid, address) in addresses {
                let named = base.names(Shared::ResidentHome) || base.names(Shared::DwellingAddress);
                assert_eq!(text.contains(address), named && base.covers(&area(grid)), "{address} {:?}: {text}", base.fields);
            }
            for one in &told {
                let own: Vec<&str> = base.fields.iter().filter(|f| f.subject() == one.kind).map(|f| f.name()).collect();
                assert!(!own.is_empty(), "{one:?}");
                for name in one.fields.iter().flat_map(|f| f.keys()) {
                    assert!(own.contains(&name.as_str()), "{name} {:?}", base.fields);
                }
            }
            let grids = [Shared::ResidentGrid, Shared::DwellingGrid, Shared::EntityGrid];
            if !grids.iter().any(|f| base.names(*f)) {
                assert!(!text.contains(GRID) && !text.contains(FAR_GRID), "{text}");
            }
        }
        assert!(seen.len() >= 13, "{seen:?}");
    }
}
