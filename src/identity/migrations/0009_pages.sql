ALTER TABLE identity_account ADD COLUMN profile_seen_ms BIGINT;

CREATE TABLE identity_email_change (
  account_id TEXT PRIMARY KEY REFERENCES identity_account (id) ON DELETE CASCADE,
  new_email TEXT NOT NULL,
  code_hash TEXT NOT NULL UNIQUE,
  requested_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL
);

CREATE TABLE identity_oauth2_client (
  id BIGINT PRIMARY KEY,
  identifier TEXT NOT NULL UNIQUE,
  secret_hash TEXT NOT NULL,
  kind TEXT NOT NULL,
  trusted BIGINT NOT NULL,
  created_ms BIGINT NOT NULL
);
INSERT INTO identity_counter (name, value) VALUES ('oauth2_client', 0);

CREATE TABLE identity_oauth2_redirect (
  client_id BIGINT NOT NULL REFERENCES identity_oauth2_client (id) ON DELETE CASCADE,
  url TEXT NOT NULL,
  PRIMARY KEY (client_id, url)
);

CREATE TABLE identity_oauth2_code (
  code_hash TEXT PRIMARY KEY,
  client_id BIGINT NOT NULL REFERENCES identity_oauth2_client (id) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES identity_account (id) ON DELETE CASCADE,
  redirect_uri TEXT NOT NULL,
  redirect_given BIGINT NOT NULL,
  scope TEXT NOT NULL,
  challenge TEXT NOT NULL,
  used BIGINT NOT NULL DEFAULT 0,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX identity_oauth2_code_by_account ON identity_oauth2_code (account_id);
CREATE INDEX identity_oauth2_code_by_client ON identity_oauth2_code (client_id);
CREATE INDEX identity_oauth2_code_by_expiry ON identity_oauth2_code (expires_ms);

CREATE TABLE identity_oauth2_token (
  token_hash TEXT PRIMARY KEY,
  code_hash TEXT NOT NULL,
  client_id BIGINT NOT NULL REFERENCES identity_oauth2_client (id) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES identity_account (id) ON DELETE CASCADE,
  scope TEXT NOT NULL,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX identity_oauth2_token_by_code ON identity_oauth2_token (code_hash);
CREATE INDEX identity_oauth2_token_by_account ON identity_oauth2_token (account_id);
CREATE INDEX identity_oauth2_token_by_client ON identity_oauth2_token (client_id);
CREATE INDEX identity_oauth2_token_by_expiry ON identity_oauth2_token (expires_ms)
