-- A merged case names the one that is worked on, not another merged one: from now on kept so with every merge, and here for
-- those of before (chains of up to eight).
UPDATE case_file SET merged_into = (SELECT m.merged_into FROM case_file m WHERE m.id = case_file.merged_into)
 WHERE merged_into IN (SELECT id FROM case_file WHERE merged_into IS NOT NULL);
UPDATE case_file SET merged_into = (SELECT m.merged_into FROM case_file m WHERE m.id = case_file.merged_into)
 WHERE merged_into IN (SELECT id FROM case_file WHERE merged_into IS NOT NULL);
UPDATE case_file SET merged_into = (SELECT m.merged_into FROM case_file m WHERE m.id = case_file.merged_into)
 WHERE merged_into IN (SELECT id FROM case_file WHERE merged_into IS NOT NULL);
