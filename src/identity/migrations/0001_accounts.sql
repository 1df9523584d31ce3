CREATE TABLE identity_account (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  admin BIGINT NOT NULL,
  enabled BIGINT NOT NULL,
  version BIGINT NOT NULL,
  created_ms BIGINT NOT NULL
);

CREATE TABLE identity_token (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES identity_account (id),
  token_hash TEXT NOT NULL UNIQUE,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX identity_token_by_account ON identity_token (account_id, expires_ms);
CREATE INDEX identity_token_by_expiry ON identity_token (expires_ms);
