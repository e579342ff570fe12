//! Seeding and reading the base data.

use linli_grid::{AtlasPort, OrgKind, seed};
use linli_kernel::{AreaCode, area::AreaLevel};
use linli_testkit::both_engines;

use crate::house::{plan, reload, settled};

fn code(text: &str) -> AreaCode {
    text.parse().unwrap()
}

both_engines! {
    async fn the_whole_district_is_written_and_read_back(scratch) {
        let district = settled(&scratch).await;
        let atlas = district.port::<AtlasPort>().unwrap().get();
        let count = |level| atlas.areas().filter(|a| a.level() == level).count();
        assert_eq!(
            (count(AreaLevel::Street), count(AreaLevel::Community), count(AreaLevel::Grid)),
            (9, 218, 786)
        );
        let drawn = plan();
        for grid in drawn.grids() {
            let read = atlas.area(&grid.code).unwrap();
            assert_eq!(atlas.locate(read.centre.unwrap()), Some(&grid.code));
            assert_eq!(read.worker.as_ref().unwrap().name, drawn.people[grid.worker.unwrap()].name);
            let team = atlas.org(atlas.team(&grid.code).unwrap()).unwrap();
            assert_eq!((team.kind, &team.area), (OrgKind::Grid, &grid.code));
            assert!(atlas.section(&grid.code, "city").is_some());
        }
        let district_centre = atlas.team(&code("371002")).unwrap();
        assert_eq!(atlas.org(district_centre).unwrap().kind, OrgKind::DistrictCentre);
        let twigs = linli_grid::defaults::duties().unwrap();
        for line in &twigs {
            let duty = atlas.duty(&line.code).unwrap();
            assert_eq!(atlas.org(duty.lead).unwrap().code, seed::department_code(&line.lead));
            assert_eq!(duty.assisting.len(), line.assist.len());
            assert_eq!(atlas.category(&line.code).unwrap().photo_required, line.photo);
            assert_eq!(
                atlas.category_path(&line.code),
                format!("{} / {} / {}", line.level1, line.level2, line.level3)
            );
        }
    }

    async fn seeding_twice_changes_nothing(scratch) {
        let district = settled(&scratch).await;
        let port = district.port::<AtlasPort>().unwrap();
        let before = port.get();
        let mut op = district.op("again").await.unwrap();
        seed::write(&mut op, &linli_demo::land(&plan())).await.unwrap();
        op.commit().await.unwrap();
        reload(&district).await;
        let after = port.get();
        assert!(before.orgs().eq(after.orgs()));
        assert!(before.areas().eq(after.areas()));
        assert!(before.categories().eq(after.categories()));
    }
}
