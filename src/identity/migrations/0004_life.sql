ALTER TABLE identity_account ADD COLUMN email_verified BIGINT NOT NULL DEFAULT 1;
ALTER TABLE identity_account ADD COLUMN verified_ms BIGINT;
ALTER TABLE identity_account ADD COLUMN activation_hash TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_account ADD COLUMN activation_sent_ms BIGINT;
ALTER TABLE identity_account ADD COLUMN activation_expires_ms BIGINT;
ALTER TABLE identity_account ADD COLUMN approved_ms BIGINT;
ALTER TABLE identity_account ADD COLUMN moderated BIGINT NOT NULL DEFAULT 1;
ALTER TABLE identity_account ADD COLUMN moderated_ms BIGINT;
ALTER TABLE identity_account ADD COLUMN rejected BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identity_account ADD COLUMN rejected_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_account ADD COLUMN accepted_policy TEXT NOT NULL DEFAULT 'manual';
ALTER TABLE identity_account ADD COLUMN accepted_email TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_account ADD COLUMN deactivated_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_account ADD COLUMN deactivated_ms BIGINT;
ALTER TABLE identity_account ADD COLUMN terms_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identity_account ADD COLUMN terms_ms BIGINT;
CREATE UNIQUE INDEX identity_account_by_activation ON identity_account (activation_hash) WHERE activation_hash <> '';
CREATE INDEX identity_account_pending ON identity_account (number) WHERE moderated = 0;

CREATE TABLE identity_terms (
  id BIGINT PRIMARY KEY,
  location TEXT NOT NULL,
  content TEXT NOT NULL,
  content_hash TEXT NOT NULL,
  created_ms BIGINT NOT NULL
);

CREATE TABLE identity_audit (
  id TEXT PRIMARY KEY,
  at_ms BIGINT NOT NULL,
  account_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  event TEXT NOT NULL,
  details TEXT NOT NULL
);
CREATE INDEX identity_audit_by_account ON identity_audit (account_id, at_ms);
CREATE INDEX identity_audit_by_time ON identity_audit (at_ms)
