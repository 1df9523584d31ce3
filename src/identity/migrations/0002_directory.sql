ALTER TABLE identity_account ADD COLUMN number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identity_account ADD COLUMN domain_id TEXT NOT NULL DEFAULT 'default';
ALTER TABLE identity_account ADD COLUMN email TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_account ADD COLUMN email_key TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_account ADD COLUMN first_name TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_account ADD COLUMN last_name TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_account ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_account ADD COLUMN default_project TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_account ADD COLUMN updated_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identity_account ADD COLUMN last_login_ms BIGINT;
UPDATE identity_account SET updated_ms = created_ms, number = ranked.place
  FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY created_ms, id) AS place FROM identity_account) ranked
 WHERE ranked.id = identity_account.id;
CREATE UNIQUE INDEX identity_account_by_number ON identity_account (number);
CREATE UNIQUE INDEX identity_account_by_email ON identity_account (email_key) WHERE email_key <> '';
CREATE INDEX identity_account_by_domain ON identity_account (domain_id, name_key);
CREATE INDEX identity_account_by_default_project ON identity_account (default_project) WHERE default_project <> '';

CREATE TABLE identity_counter (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO identity_counter (name, value) SELECT 'account', COALESCE(MAX(number), 0) FROM identity_account;
INSERT INTO identity_counter (name, value) VALUES ('directory', 1);

CREATE TABLE identity_domain (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL,
  enabled BIGINT NOT NULL
);
INSERT INTO identity_domain (id, name, name_key, description, enabled)
VALUES ('default', 'Default', 'default', 'The default domain', 1);

CREATE TABLE identity_project (
  id TEXT PRIMARY KEY,
  domain_id TEXT NOT NULL REFERENCES identity_domain (id),
  parent_id TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  description TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  tags TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  UNIQUE (domain_id, name_key)
);
CREATE INDEX identity_project_by_parent ON identity_project (parent_id);

CREATE TABLE identity_group (
  id TEXT PRIMARY KEY,
  domain_id TEXT NOT NULL REFERENCES identity_domain (id),
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  description TEXT NOT NULL,
  UNIQUE (domain_id, name_key)
);

CREATE TABLE identity_group_member (
  group_id TEXT NOT NULL REFERENCES identity_group (id) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES identity_account (id) ON DELETE CASCADE,
  PRIMARY KEY (group_id, account_id)
);
CREATE INDEX identity_group_member_by_account ON identity_group_member (account_id);

CREATE TABLE identity_role (
  id TEXT PRIMARY KEY,
  domain_id TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  description TEXT NOT NULL,
  UNIQUE (domain_id, name_key)
);

CREATE TABLE identity_assignment (
  actor_kind TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  target_kind TEXT NOT NULL,
  target_id TEXT NOT NULL,
  role_id TEXT NOT NULL REFERENCES identity_role (id) ON DELETE CASCADE,
  inherited BIGINT NOT NULL,
  PRIMARY KEY (actor_kind, actor_id, target_kind, target_id, role_id, inherited)
);
CREATE INDEX identity_assignment_by_target ON identity_assignment (target_kind, target_id);
CREATE INDEX identity_assignment_by_role ON identity_assignment (role_id);

CREATE TABLE identity_application_credential (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES identity_account (id) ON DELETE CASCADE,
  project_id TEXT NOT NULL REFERENCES identity_project (id) ON DELETE CASCADE,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  secret_hash TEXT NOT NULL,
  unrestricted BIGINT NOT NULL,
  expires_ms BIGINT,
  created_ms BIGINT NOT NULL,
  UNIQUE (account_id, name)
);
CREATE INDEX identity_application_credential_by_project ON identity_application_credential (project_id);

CREATE TABLE identity_application_credential_role (
  credential_id TEXT NOT NULL REFERENCES identity_application_credential (id) ON DELETE CASCADE,
  role_id TEXT NOT NULL REFERENCES identity_role (id) ON DELETE CASCADE,
  PRIMARY KEY (credential_id, role_id)
);

ALTER TABLE identity_token ADD COLUMN issued_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identity_token ADD COLUMN methods TEXT NOT NULL DEFAULT 'password';
ALTER TABLE identity_token ADD COLUMN scope_kind TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_token ADD COLUMN scope_id TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_token ADD COLUMN credential_id TEXT NOT NULL DEFAULT '';
ALTER TABLE identity_token ADD COLUMN parent_id TEXT NOT NULL DEFAULT '';
CREATE INDEX identity_token_by_scope ON identity_token (scope_kind, scope_id);
CREATE INDEX identity_token_by_credential ON identity_token (credential_id);

CREATE TABLE identity_region (
  id TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  parent_id TEXT NOT NULL
);
CREATE TABLE identity_service (
  id TEXT PRIMARY KEY,
  number BIGINT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  enabled BIGINT NOT NULL
);
INSERT INTO identity_counter (name, value) VALUES ('service', 0);
CREATE TABLE identity_endpoint (
  id TEXT PRIMARY KEY,
  service_id TEXT NOT NULL REFERENCES identity_service (id) ON DELETE CASCADE,
  interface TEXT NOT NULL,
  region_id TEXT NOT NULL,
  url TEXT NOT NULL,
  enabled BIGINT NOT NULL
);
CREATE INDEX identity_endpoint_by_service ON identity_endpoint (service_id)
