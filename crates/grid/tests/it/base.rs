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

    async fn base_data_that_could_not_be_read_are_read_again(scratch) {
        let district = settled(&scratch).await;
        let port = district.port::<AtlasPort>().unwrap();
        linli_grid::atlas::follow(&district);
        // A change is told while the tables cannot be read.
        let mut op = district.op("break").await.unwrap();
        op.tx.execute("ALTER TABLE org RENAME COLUMN purpose TO purpose_away", vec![]).await.unwrap();
        op.announce(linli_grid::atlas::TOPIC, "371002", "");
        op.commit().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        // Nobody tells that they can be read again.
        let mut op = district.op("mend").await.unwrap();
        op.tx.execute("ALTER TABLE org RENAME COLUMN purpose_away TO purpose", vec![]).await.unwrap();
        op.tx.execute("UPDATE org SET name = '改了名的单位'", vec![]).await.unwrap();
        op.commit().await.unwrap();
        for tries in 0.. {
            assert!(tries < 100, "the change is not seen");
            if port.get().orgs().all(|org| org.name == "改了名的单位") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
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
