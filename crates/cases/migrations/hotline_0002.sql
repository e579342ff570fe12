-- What a row said, to tell two messages of one number apart; and the import that met the case last.
ALTER TABLE hotline_message ADD COLUMN fingerprint {bytes};
ALTER TABLE hotline_message ADD COLUMN seen_by {uuid};

-- The place of a piece of news in its case: a receiver hears of one case in this order, each place once.
ALTER TABLE webhook_delivery ADD COLUMN sequence {int} NOT NULL DEFAULT 0;
UPDATE webhook_delivery SET sequence = -1 - (SELECT count(*) FROM webhook_delivery o WHERE o.created_at > webhook_delivery.created_at
    OR (o.created_at = webhook_delivery.created_at AND o.id > webhook_delivery.id));
CREATE UNIQUE INDEX webhook_delivery_place ON webhook_delivery (webhook_id, case_id, sequence);
