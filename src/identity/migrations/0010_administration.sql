ALTER TABLE identity_account ADD COLUMN user_level BIGINT NOT NULL DEFAULT 4;
ALTER TABLE identity_account ADD COLUMN invitations BIGINT NOT NULL DEFAULT 0;

CREATE TABLE identity_permission (
  account_id TEXT NOT NULL REFERENCES identity_account (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  PRIMARY KEY (account_id, name)
)
