ALTER TABLE identity_pending_way ADD COLUMN group_names TEXT NOT NULL DEFAULT '[]'
