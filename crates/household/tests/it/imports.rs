//! Residents from a sheet: looked through, written, resumed, given back, undone.

use std::io::Cursor;

use linli_household::{
    import::{self, BatchState, Column, Mapping},
    model::BatchId,
    read::{self, Question},
};
use linli_store::op::Language;
use linli_testkit::both_engines;

use super::*;

const SHEET: &str = "社区,网格,小区,楼号,单元,房间号,姓名,身份证号,联系电话,与户主关系,户籍类型,核实日期
塔山社区,第1网格,锦绣花园,3,2,501,王小明,11010519491231002X,10000000001,户主,户籍,2026-11-01
塔山社区,第1网格,锦绣花园,3号楼,2单元,501,李丽,,10000000002,配偶,户籍,2026-11-01
塔山社区,第1网格,锦绣花园,3,1,102,张三,440524188001010014,,户主,流动,
塔山社区,第9网格,锦绣花园,3,1,103,丁一,,,户主,流动,
塔山社区,第1网格,锦绣花园,3,1,104,丁二,110105194912310021,1380,户主,流动,2030-01-01
海滨社区,第1网格,锦绣花园,1,1,101,外区,,,户主,户籍,
塔山社区,第2网格,望海苑,1,1,101,王小明,11010519491231002X,10000000001,户主,户籍,
";

async fn stage(d: &Arc<District>, sheet: &str) -> BatchId {
    let (headings, lines) = import::open(Cursor::new(sheet.as_bytes().to_vec()), "居民.csv").unwrap();
    import::stage(op(d, secretary()).await, "居民.csv", &headings, None, lines).await.unwrap()
}

async fn mapping(d: &Arc<District>, id: BatchId) -> Mapping {
    import::get(&mut d.db.read().await.unwrap(), id).await.unwrap().mapping().unwrap()
}

async fn start(d: &Arc<District>, id: BatchId) {
    let mapping = mapping(d, id).await;
    let mut op1 = op(d, secretary()).await;
    import::start(&mut op1, id, &mapping).await.unwrap();
    op1.commit().await.unwrap();
}

async fn count(d: &Arc<District>, table: &str) -> i64 {
    d.db.read().await.unwrap().scalar(&format!("SELECT count(*) FROM {table}"), vec![]).await.unwrap()
}

fn chinese() -> linli_web::Locale {
    let all = [linli_web::manifest(), linli_household::manifest()];
    let files: Vec<_> = all.iter().flat_map(|m| m.locales).copied().collect();
    linli_web::Catalog::new(&files).unwrap().locale(Language::Chinese)
}

/// The sheet of wrong rows of a batch that is only staged.
async fn wrong_rows(d: &Arc<District>, id: BatchId) -> Vec<u8> {
    let (mapping, mut conn) = (mapping(d, id).await, d.db.read().await.unwrap());
    let batch = import::get(&mut conn, id).await.unwrap();
    import::wrong_rows(&mut conn, d, &batch, &mapping, &chinese()).await.unwrap().finish().unwrap()
}

/// The second sheet of a workbook.
fn guide(book: &[u8]) -> Vec<Vec<String>> {
    use calamine::{Data, Reader as _, Xlsx, open_workbook_from_rs};
    let mut book: Xlsx<_> = open_workbook_from_rs(Cursor::new(book)).unwrap();
    let name = book.sheet_names()[1].clone();
    let range = book.worksheet_range(&name).unwrap();
    range.rows().map(|row| row.iter().map(Data::to_string).collect()).collect()
}

fn read_back(book: Vec<u8>) -> (Vec<String>, Vec<Vec<String>>) {
    let (headings, lines) = import::open(Cursor::new(book), "a.xlsx").unwrap();
    (headings, lines.map(|line| line.unwrap().1).collect())
}

both_engines! {
    async fn who_lives_beyond_is_not_fetched_by_a_sheet(s) {
        let d = district(&s).await;
        let there = home(&d, FAR_GRID, "5号楼").await;
        add(&d, there, &facts("王小明", ID, "")).await;
        d.clock.advance(std::time::Duration::from_hours(1));
        let heads = SHEET.lines().next().unwrap();
        let sheet = format!("{heads}\n塔山社区,第1网格,锦绣花园,1,1,101,王小明,{ID},,户主,户籍,\n");
        let id = stage(&d, &sheet).await;
        let survey = import::survey(&d, &secretary(), id, &mapping(&d, id).await).await.unwrap();
        assert_eq!((survey.known, survey.fresh, survey.faulty), (0, 0, 1), "said before");
        assert_eq!(survey.faults[0].faults[0].key, "household-import-beyond");
        start(&d, id).await;
        let batch = import::run(&d, id, |_| ()).await.unwrap();
        assert_eq!((batch.known, batch.moved, batch.added, batch.faulty), (0, 0, 0, 1));
        let sql = "SELECT count(*) FROM resident WHERE dwelling_id = $1";
        let mut conn = d.db.read().await.unwrap();
        assert_eq!(conn.scalar::<i64>(sql, linli_kernel::params![there]).await.unwrap(), 1, "still there");
    }

    async fn of_a_file_that_breaks_half_way_nothing_stays(s) {
        let d = district(&s).await;
        let (headings, lines) = import::open(Cursor::new(SHEET.as_bytes()), "居民.csv").unwrap();
        let row = lines.map(|line| line.unwrap().1).next().unwrap();
        let many = (2..40_002_u64).map(|n| Ok((n, row.clone())));
        let broken = many.chain([Err(Error::field("file", "error-sheet-encoding"))]);
        let answer = import::stage(op(&d, secretary()).await, "居民.csv", &headings, None, broken).await;
        assert_eq!(key(answer), "error-sheet-encoding");
        assert_eq!((count(&d, "resident_batch").await, count(&d, "resident_chunk").await), (0, 0));
        // Whoever read it in was killed in the middle.
        let id = stage(&d, SHEET).await;
        let mut cut = op(&d, secretary()).await;
        cut.tx.execute("UPDATE resident_batch SET total = 0", vec![]).await.unwrap();
        cut.commit().await.unwrap();
        let mut begin = op(&d, secretary()).await;
        assert_eq!(key(import::start(&mut begin, id, &mapping(&d, id).await).await), "household-batch-unread");
        import::discard(&mut begin, id).await.unwrap();
    }

    async fn a_sheet_comes_in_and_goes_out_again(s) {
        let d = district(&s).await;
        let id = stage(&d, SHEET).await;
        // Nothing of it lies in clear, and nothing is written yet.
        let chunk: Vec<u8> = d.db.read().await.unwrap().scalar("SELECT rows FROM resident_chunk", vec![]).await.unwrap();
        assert!(!chunk.windows(8).any(|w| w == &ID.as_bytes()[..8]));
        // Looked through while somebody else writes.
        let mut writer = op(&d, secretary()).await;
        writer.next_number("X").await.unwrap();
        let survey = import::survey(&d, &secretary(), id, &mapping(&d, id).await).await.unwrap();
        drop(writer);
        assert_eq!((survey.fresh, survey.known, survey.repeated, survey.faulty), (3, 0, 1, 3));
        assert_eq!(survey.sample[0][7..9], ["1101**********002X", "100****0001"]);
        assert_eq!(survey.faults.iter().map(|f| f.line).collect::<Vec<_>>(), [5, 6, 7]);
        assert_eq!(count(&d, "resident").await, 0);

        start(&d, id).await;
        let batch = import::run(&d, id, |_| ()).await.unwrap();
        assert_eq!((batch.state, batch.done, batch.added, batch.known, batch.homes, batch.faulty), (BatchState::Done, 7, 3, 1, 3, 3));
        assert_eq!((count(&d, "building").await, count(&d, "household").await, count(&d, "resident_chunk").await), (2, 3, 0));
        let access = d.port::<Access>().unwrap();
        let faults = import::faults(&mut d.db.read().await.unwrap(), &access, id, 100).await.unwrap();
        let keys: Vec<Vec<&str>> = faults.iter().map(|f| f.faults.iter().map(|e| e.key.as_str()).collect()).collect();
        assert_eq!(keys[0], ["household-grid-unknown"]);
        assert_eq!(keys[1], ["household-id-bad", "household-phone-bad", "household-confirmed-bad"]);
        assert_eq!(keys[2], ["household-import-outside"]);
        assert_eq!(faults[1].cells[7], "110105194912310021");

        // They live where the sheet says, are found, and know where they come from.
        let scope = scope(&d, &secretary(), "household.search");
        let question = Question::new(&access, "王小明").unwrap();
        let found = read::find(&mut d.db.read().await.unwrap(), &access, &scope, None, &question, 0, 10).await.unwrap();
        assert_eq!(found.people.len(), 1);
        assert_eq!(found.people[0].address.as_deref(), Some("望海苑1号楼1单元101"), "by the row that counts");
        let card = crate::people::card(&d, found.people[0].dwelling.unwrap()).await;
        assert_eq!((card.residents().count(), card.households[0].head), (1, Some(found.people[0].id)));
        let question = Question::new(&access, "李丽").unwrap();
        let other = read::find(&mut d.db.read().await.unwrap(), &access, &scope, None, &question, 0, 10).await.unwrap();
        assert_eq!(other.people[0].address.as_deref(), Some("锦绣花园3号楼2单元501"));
        let card = crate::people::card(&d, other.people[0].dwelling.unwrap()).await;
        assert_eq!((card.residents().count(), card.households[0].head), (1, None));
        assert!(card.fresh, "the sheet says when somebody looked");

        // The same sheet again: everybody is known, nobody doubled.
        let again = stage(&d, SHEET).await;
        start(&d, again).await;
        let second = import::run(&d, again, |_| ()).await.unwrap();
        assert_eq!((second.added, second.known, second.homes, count(&d, "resident").await), (0, 3, 0, 3));
        assert_eq!(second.faulty, 4, "the row that does not count comes back");

        // Somebody has worked on one of them since: that one stays.
        let mut op1 = op(&d, secretary()).await;
        app::correct_resident(&mut op1, found.people[0].id, &facts("王小明", "", "10000000077"), None).await.unwrap();
        op1.commit().await.unwrap();
        let mut back = op(&d, secretary()).await;
        assert_eq!(key(import::undo(&mut back, id, "").await), "error-required");
        drop(back);
        let mut back = op(&d, secretary()).await;
        let (gone, kept) = import::undo(&mut back, id, "表格发错了").await.unwrap();
        back.commit().await.unwrap();
        assert_eq!(gone + kept, 3);
        assert!(kept >= 1 && count(&d, "resident").await == kept);
        assert_eq!(key(import::undo(&mut op(&d, secretary()).await, id, "再来一次").await), "household-batch-not-over");
    }

    async fn an_untouched_import_leaves_nothing_behind(s) {
        let d = district(&s).await;
        let id = stage(&d, SHEET).await;
        start(&d, id).await;
        import::run(&d, id, |_| ()).await.unwrap();
        // The second row of the same person merged into the first: that one has been worked on.
        let mut tx = d.db.begin().await.unwrap();
        tx.execute("UPDATE resident SET version = 1", vec![]).await.unwrap();
        tx.commit().await.unwrap();
        let mut back = op(&d, secretary()).await;
        assert_eq!(import::undo(&mut back, id, "表格发错了").await.unwrap(), (3, 0));
        back.commit().await.unwrap();
        for table in ["resident", "dwelling", "household", "building", "building_unit"] {
            assert_eq!(count(&d, table).await, 0, "{table}");
        }
        let access = d.port::<Access>().unwrap();
        let question = Question::new(&access, "王").unwrap();
        let found = read::find(&mut d.db.read().await.unwrap(), &access, &Scope::everything(), None, &question, 0, 10).await.unwrap();
        assert!(found.people.is_empty());
    }

    async fn the_wrong_rows_come_back_before_anything_is_imported(s) {
        let d = district(&s).await;
        let (id, locale) = (stage(&d, SHEET).await, chinese());
        let (headings, rows) = read_back(wrong_rows(&d, id).await);
        assert_eq!(headings[..3], ["原行号", "哪里不对", "社区"]);
        assert_eq!(rows.iter().map(|r| r[0].as_str()).collect::<Vec<_>>(), ["5", "6", "7", "8"]);
        assert!(rows[3][1].contains("以本行的地址为准"), "nobody need mend it: {rows:?}");
        assert_eq!(rows[0][1], locale.t("household-grid-unknown"));
        assert_eq!((rows[1][1].matches('；').count(), rows[1][9].as_str()), (2, "110105194912310021"), "{rows:?}");
        assert_eq!((count(&d, "resident").await, count(&d, "resident_fault").await), (0, 0), "nothing is written");

        // The good rows come in, the others stay wrong as they were.
        start(&d, id).await;
        let batch = import::run(&d, id, |_| ()).await.unwrap();
        assert_eq!((batch.state, batch.added, batch.faulty), (BatchState::Done, 3, 3));
        // Mended, the sheet of wrong rows is a sheet like any other; the columns in which it said so are not doubled.
        let mut mended = rows.clone();
        mended[0][3] = "第2网格".into();
        let book = linli_web::sheet::write(&headings, &mended).unwrap();
        let (heads, lines) = import::open(Cursor::new(book), "a.xlsx").unwrap();
        let again = import::stage(op(&d, secretary()).await, "a.xlsx", &heads, None, lines).await.unwrap();
        let (twice, left) = read_back(wrong_rows(&d, again).await);
        assert_eq!((twice, left.len()), (headings, 2));
        start(&d, again).await;
        assert_eq!(import::run(&d, again, |_| ()).await.unwrap().added, 1);
    }

    async fn a_sheet_of_very_many_wrong_rows_ends_where_an_import_would(s) {
        let d = district(&s).await;
        let rows = (0..20_010).map(|n| format!("没有的网格,锦绣花园{n}号楼101,居民\n")).collect::<Vec<_>>().concat();
        let id = stage(&d, &format!("网格,详细地址,姓名\n{rows}")).await;
        let survey = import::survey(&d, &secretary(), id, &mapping(&d, id).await).await.unwrap();
        assert_eq!((survey.faulty, survey.faults.len(), survey.is_hopeless()), (20_010, 20, true));
        assert_eq!(read_back(wrong_rows(&d, id).await).1.len(), 20_000);
    }

    async fn a_secretary_s_grids_need_no_community(s) {
        let d = district(&s).await;
        let sheet = "网格,详细地址,姓名\n第1网格,锦绣花园3号楼2单元501,王小明\n2号网格,锦绣花园4号楼2单元501,李丽\n第3网格,锦绣花园5号楼101,张三\n";
        let id = stage(&d, sheet).await;
        start(&d, id).await;
        assert_eq!((import::run(&d, id, |_| ()).await.unwrap().added, count(&d, "resident").await), (2, 2));
        let grids: Vec<(String,)> = d.db.read().await.unwrap().all("SELECT area FROM dwelling ORDER BY area", vec![]).await.unwrap();
        assert_eq!(grids.iter().map(|g| g.0.as_str()).collect::<Vec<_>>(), [GRID, NEXT_GRID]);

        // Whoever has several communities must say which; the sheet of wrong rows names them also after the import.
        let (headings, lines) = import::open(Cursor::new(sheet.as_bytes().to_vec()), "a.csv").unwrap();
        let centre = actor(Role::StreetCentre, STREET);
        let id = import::stage(op(&d, centre.clone()).await, "a.csv", &headings, None, lines).await.unwrap();
        let mut op1 = op(&d, centre).await;
        import::start(&mut op1, id, &mapping(&d, id).await).await.unwrap();
        op1.commit().await.unwrap();
        assert_eq!(import::run(&d, id, |_| ()).await.unwrap().faulty, 3);
        let access = d.port::<Access>().unwrap();
        let faults = import::faults(&mut d.db.read().await.unwrap(), &access, id, 9).await.unwrap();
        let words = import::what(&faults[0], &chinese()).replace(['\u{2068}', '\u{2069}'], "");
        assert!(words.contains("可能是：环翠楼街道塔山社区第1网格。"), "{words}");
    }

    async fn two_addresses_of_one_number_are_named_with_the_choice(s) {
        let d = district(&s).await;
        // Within one chunk and across two the same row counts.
        for (gap, number, phone) in [(0, ID, "10000000011"), (4_000, "440524188001010014", "10000000022")] {
            let filler = (0..gap).map(|n| format!("第1网格,填充{n}号楼101,居民,,,\n")).collect::<Vec<_>>().concat();
            let rows = format!("\
                第1网格,锦{gap}苑3号楼2单元501,王小明,{number},,2026-11-01\n\
                第1网格,锦{gap}苑4号楼101,李丽,,{phone},2026-10-05\n{filler}\
                第1网格,锦{gap}苑3号楼2单元501,王小明,{number},100{gap:08},\n\
                第2网格,望{gap}苑1号楼101,王小明,{number},,2026-10-01\n\
                第2网格,望{gap}苑1号楼102,王小明,{number},,2026-11-01\n\
                第2网格,望{gap}苑1号楼103,李丽,,{phone},2026-10-06\n");
            let id = stage(&d, &format!("网格,详细地址,姓名,身份证号,联系电话,核实日期\n{rows}")).await;
            let survey = import::survey(&d, &secretary(), id, &mapping(&d, id).await).await.unwrap();
            assert_eq!((survey.fresh, survey.repeated, survey.elsewhere, survey.faulty), (2 + gap, 4, 3, 0));
            let words = |n: usize| import::what(&survey.doubts[n], &chinese()).replace(['\u{2068}', '\u{2069}'], "");
            assert_eq!(survey.doubts.iter().map(|f| f.line - gap).collect::<Vec<_>>(), [5, 6, 7]);
            let first = format!("第2行有同一个身份证号，地址不同：塔山社区锦{gap}苑3号楼2单元501；");
            assert_eq!(words(0), format!("{first}以第2行的地址为准，因为它的核实日期更晚；本行不导入"));
            assert_eq!(words(1), format!("{first}以本行的地址为准：两行的日期相同，取靠下的一行，不取第2行"));
            assert!(words(2).starts_with("第3行有同一个姓名和电话") && words(2).ends_with("因为核实日期比第3行晚"), "{}", words(2));

            start(&d, id).await;
            let batch = import::run(&d, id, |_| ()).await.unwrap();
            assert_eq!((batch.added, batch.known, batch.faulty), (2 + gap, 3, 1));
            let lives: Vec<(String, String)> = d.db.read().await.unwrap()
                .all("SELECT r.name, d.address FROM resident r JOIN dwelling d ON d.id = r.dwelling_id
                      WHERE r.batch = $1 AND r.name <> '居民' ORDER BY d.address", linli_kernel::params![id]).await.unwrap();
            let said = [("王小明", 102), ("李丽", 103)].map(|(name, door)| (name.to_owned(), format!("望{gap}苑1号楼{door}")));
            assert_eq!(lives, said);
        }
    }

    async fn a_blank_sheet_filled_in_as_its_guide_says_has_no_faults(s) {
        let d = district(&s).await;
        let files: Vec<_> = [linli_web::manifest(), linli_household::manifest()].iter().flat_map(|m| m.locales).copied().collect();
        let catalog = linli_web::Catalog::new(&files).unwrap();
        let atlas = d.port::<AtlasPort>().unwrap().get();
        for (language, area_code) in [(Language::Chinese, COMMUNITY), (Language::English, DISTRICT)] {
            let locale = catalog.locale(language);
            let book = import::blank(&atlas, &area(area_code), &locale).unwrap();
            let empty = import::open(Cursor::new(book.clone()), "a.xlsx").unwrap();
            assert_eq!((empty.0.len(), empty.1.count()), (Column::ALL.len(), 0));
            // Each column is understood by its heading alone.
            assert_eq!(Mapping::guess(&empty.0).0.len(), Column::ALL.len(), "{:?}", empty.0);
            let guide = guide(&book);
            let heads: Vec<&String> = guide[1..].iter().map(|row| &row[0]).collect();
            assert_eq!(heads, empty.0.iter().collect::<Vec<_>>());
            assert!(guide[1..].iter().all(|row| !row[2].is_empty() && !row[2].starts_with("household-")), "{guide:?}");
            let example = guide[1..].iter().map(|row| row[1].clone()).collect::<Vec<_>>();
            let filled = linli_web::sheet::write(&empty.0, &[example]).unwrap();
            let (headings, lines) = import::open(Cursor::new(filled), "a.xlsx").unwrap();
            let centre = actor(Role::StreetCentre, area_code);
            let id = import::stage(op(&d, centre.clone()).await, "a.xlsx", &headings, None, lines).await.unwrap();
            let survey = import::survey(&d, &centre, id, &mapping(&d, id).await).await.unwrap();
            assert_eq!((survey.fresh, survey.faulty), (1, 0), "{:?}", survey.faults);
        }
    }

    async fn a_killed_import_goes_on_where_it_was(s) {
        let d = district(&s).await;
        let row = |n: u64| format!("{GRID},锦绣花园{}号楼1单元{}01,居民,,{}\n", n / 60 + 1, n % 60 + 1, 10_010_000_000 + n);
        let rows = (0..4_100).map(row).collect::<Vec<_>>().concat();
        let id = stage(&d, &format!("网格编码,详细地址,姓名,性别,联系电话\n{rows}")).await;
        start(&d, id).await;
        // The process dies in the middle of a chunk: nothing of it remains.
        let mut first = op(&d, Actor::System).await;
        assert_eq!(import::step(&mut first, id).await.unwrap().done, 4_000);
        first.commit().await.unwrap();
        let mut dying = op(&d, Actor::System).await;
        import::step(&mut dying, id).await.unwrap();
        drop(dying);
        assert_eq!(count(&d, "resident").await, 4_000);
        let batch = import::run(&d, id, |_| ()).await.unwrap();
        assert_eq!((batch.state, batch.added, count(&d, "resident").await), (BatchState::Done, 4_100, 4_100));
    }

    async fn who_may_not_import_does_not(s) {
        let d = district(&s).await;
        let (headings, lines) = import::open(Cursor::new(SHEET.as_bytes().to_vec()), "x.csv").unwrap();
        let refused = import::stage(op(&d, worker()).await, "x.csv", &headings, None, lines).await;
        assert_eq!(key(refused), "404");
        let id = stage(&d, SHEET).await;
        let far = actor(Role::CommunitySecretary, "371002002001");
        let mapping = mapping(&d, id).await;
        assert_eq!(key(import::survey(&d, &far.clone(), id, &mapping).await), "404");
        assert_eq!(key(import::start(&mut op(&d, far).await, id, &mapping).await), "404");
        let mut own = op(&d, secretary()).await;
        import::discard(&mut own, id).await.unwrap();
        own.commit().await.unwrap();
        assert_eq!((count(&d, "resident_batch").await, count(&d, "resident_chunk").await), (0, 0));
    }
}

#[test]
fn one_sheet_in_every_dress() {
    let read = |bytes: Vec<u8>| {
        let (headings, lines) = import::open(Cursor::new(bytes), "a").unwrap();
        (headings, lines.map(|l| l.unwrap().1).collect::<Vec<_>>())
    };
    let plain = read(SHEET.as_bytes().to_vec());
    assert_eq!((plain.0.len(), plain.1.len()), (12, 7));
    let book = linli_web::sheet::write(&plain.0, &plain.1).unwrap();
    assert_eq!(read(book), plain);
    assert!(import::open(Cursor::new(Vec::new()), "a").is_err());
}
