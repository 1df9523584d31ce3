CREATE TABLE identity_component (
  number BIGINT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  ui_url TEXT NOT NULL,
  base_url TEXT NOT NULL,
  token_hash TEXT NOT NULL UNIQUE,
  token_created_ms BIGINT NOT NULL,
  token_expires_ms BIGINT
);
INSERT INTO identity_counter (name, value) VALUES ('component', 0);
ALTER TABLE identity_service ADD COLUMN component TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_service ADD COLUMN public BIGINT NOT NULL DEFAULT 1;
ALTER TABLE identity_endpoint ADD COLUMN version_id TEXT NOT NULL DEFAULT ''
