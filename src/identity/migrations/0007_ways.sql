CREATE TABLE identity_way (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES identity_account (id) ON DELETE CASCADE,
  module TEXT NOT NULL,
  identifier TEXT NOT NULL,
  affiliation TEXT NOT NULL,
  active BIGINT NOT NULL,
  info TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  last_login_ms BIGINT,
  UNIQUE (account_id, module, identifier)
);
CREATE UNIQUE INDEX identity_way_by_identifier ON identity_way (module, identifier) WHERE identifier <> '';
INSERT INTO identity_way (id, account_id, module, identifier, affiliation, active, info, created_ms, last_login_ms)
SELECT id || '-local', id, 'local', '', '', 1, '{}', created_ms, last_login_ms
  FROM identity_account WHERE password_hash <> '';

CREATE TABLE identity_pending_way (
  token_hash TEXT PRIMARY KEY,
  module TEXT NOT NULL,
  identifier TEXT NOT NULL,
  affiliation TEXT NOT NULL,
  email TEXT NOT NULL,
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  forced TEXT NOT NULL,
  info TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  expires_ms BIGINT NOT NULL,
  UNIQUE (module, identifier)
);
CREATE INDEX identity_pending_way_by_expiry ON identity_pending_way (expires_ms);

CREATE TABLE identity_policy_profile (
  number BIGINT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  provider TEXT NOT NULL,
  exclusive BIGINT NOT NULL,
  priority BIGINT NOT NULL,
  active BIGINT NOT NULL,
  may_login BIGINT,
  may_create BIGINT,
  may_add BIGINT,
  may_remove BIGINT,
  way_limit BIGINT,
  required BIGINT,
  automoderate BIGINT
);
INSERT INTO identity_counter (name, value) VALUES ('policy_profile', 0);

CREATE TABLE identity_policy_profile_user (
  profile BIGINT NOT NULL REFERENCES identity_policy_profile (number) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES identity_account (id) ON DELETE CASCADE,
  PRIMARY KEY (profile, account_id)
);
CREATE INDEX identity_policy_profile_user_by_account ON identity_policy_profile_user (account_id);

CREATE TABLE identity_policy_profile_group (
  profile BIGINT NOT NULL REFERENCES identity_policy_profile (number) ON DELETE CASCADE,
  group_id TEXT NOT NULL REFERENCES identity_group (id) ON DELETE CASCADE,
  PRIMARY KEY (profile, group_id)
);
CREATE INDEX identity_policy_profile_group_by_group ON identity_policy_profile_group (group_id)
