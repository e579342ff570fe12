//! How long it is known who reported (举报人信息保存期限): name and phone of a reporter are destroyed some time after
//! their case has ended; the case itself, and the link by which the reporter follows it, stay.

use linli_kernel::{Result, Timestamp, params};
use linli_store::Op;

use crate::hotline::batch;

/// Destroys who reported the cases that had ended before then, at most so many; answers how many.
pub async fn destroy_reporters(op: &mut Op, before: Timestamp, most: i64) -> Result<u64> {
    op.tx
        .execute(
            "UPDATE case_file SET reporter_name = NULL, reporter_phone = NULL, phone_hash = NULL, name_hash = NULL, initials_hash = NULL
              WHERE id IN (SELECT id FROM case_file WHERE ended_at < $1 AND (reporter_name IS NOT NULL OR reporter_phone IS NOT NULL)
                           ORDER BY ended_at LIMIT $2)",
            params![before, most],
        )
        .await
}

/// Destroys the wrong rows of hotline files that came before then, at most so many; answers how many.
pub async fn destroy_sheets(op: &mut Op, before: Timestamp, most: i64) -> Result<u64> {
    batch::destroy_faults(&mut op.tx, before, most).await
}
