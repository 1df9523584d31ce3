CREATE TABLE identity_session (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES identity_account (id) ON DELETE CASCADE,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL,
  seen_ms BIGINT NOT NULL
);
CREATE INDEX identity_session_by_account ON identity_session (account_id, created_ms);
CREATE INDEX identity_session_by_expiry ON identity_session (expires_ms);

CREATE TABLE identity_password_reset (
  account_id TEXT PRIMARY KEY REFERENCES identity_account (id) ON DELETE CASCADE,
  code_hash TEXT NOT NULL UNIQUE,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL
)
