CREATE TABLE identity_project_life (
  project_id TEXT PRIMARY KEY,
  state BIGINT NOT NULL,
  state_reason TEXT NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  owner TEXT NOT NULL,
  homepage TEXT NOT NULL,
  description TEXT NOT NULL,
  end_ms BIGINT NOT NULL,
  join_policy BIGINT NOT NULL,
  leave_policy BIGINT NOT NULL,
  max_members BIGINT NOT NULL,
  private BIGINT NOT NULL,
  system BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  deactivated_ms BIGINT,
  last_application BIGINT NOT NULL
);
CREATE INDEX identity_project_life_by_owner ON identity_project_life (owner, project_id) WHERE owner <> '';
CREATE INDEX identity_project_life_by_name ON identity_project_life (name_key);
CREATE INDEX identity_project_life_not_system ON identity_project_life (project_id) WHERE system = 0;
CREATE INDEX identity_project_life_by_end ON identity_project_life (end_ms) WHERE system = 0 AND state < 100;

CREATE TABLE identity_project_limit (
  project_id TEXT NOT NULL REFERENCES identity_project_life (project_id) ON DELETE CASCADE,
  resource TEXT NOT NULL,
  project_amount BIGINT NOT NULL,
  member_amount BIGINT NOT NULL,
  PRIMARY KEY (project_id, resource)
);

CREATE TABLE identity_application (
  id BIGINT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES identity_project_life (project_id) ON DELETE CASCADE,
  applicant TEXT NOT NULL,
  state BIGINT NOT NULL,
  wanted TEXT NOT NULL,
  issued_ms BIGINT NOT NULL,
  decided_ms BIGINT,
  decided_by TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX identity_application_by_project ON identity_application (project_id, id);
CREATE INDEX identity_application_pending ON identity_application (applicant) WHERE state = 0;
INSERT INTO identity_counter (name, value) VALUES ('application', 0);

CREATE TABLE identity_membership (
  id BIGINT PRIMARY KEY,
  project_id TEXT NOT NULL REFERENCES identity_project_life (project_id) ON DELETE CASCADE,
  account_id TEXT NOT NULL REFERENCES identity_account (id) ON DELETE CASCADE,
  state BIGINT NOT NULL,
  state_reason TEXT NOT NULL,
  UNIQUE (project_id, account_id)
);
CREATE INDEX identity_membership_by_account ON identity_membership (account_id, project_id);

CREATE TABLE identity_membership_step (
  membership_id BIGINT NOT NULL REFERENCES identity_membership (id) ON DELETE CASCADE,
  state BIGINT NOT NULL,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (membership_id, state)
);

INSERT INTO identity_resource (name, description, unit, service_type, service_origin, system_default, project_default,
       ui_visible, api_visible)
VALUES ('astakos.pending_app', 'Number of pending project applications', '', 'account', 'astakos_account',
        9223372036854775807, 9223372036854775807, 0, 0)
ON CONFLICT (name) DO NOTHING;

INSERT INTO identity_holding (holder, source, resource, limit_amount)
SELECT 'user:' || a.id, 'project:' || a.id, r.name, r.system_default
  FROM identity_account a JOIN identity_project p ON p.id = a.id JOIN identity_resource r ON r.name = 'astakos.pending_app'
 WHERE p.name = 'system:' || a.id
ON CONFLICT (holder, source, resource) DO NOTHING;
INSERT INTO identity_holding (holder, source, resource, limit_amount)
SELECT 'project:' || a.id, '', r.name, r.system_default
  FROM identity_account a JOIN identity_project p ON p.id = a.id JOIN identity_resource r ON r.name = 'astakos.pending_app'
 WHERE p.name = 'system:' || a.id
ON CONFLICT (holder, source, resource) DO NOTHING;

INSERT INTO identity_project_life (project_id, state, state_reason, name, name_key, owner, homepage, description, end_ms,
       join_policy, leave_policy, max_members, private, system, created_ms, deactivated_ms, last_application)
SELECT p.id, CASE WHEN a.enabled = 0 AND a.deactivated_ms IS NOT NULL THEN 10 ELSE 1 END,
       CASE WHEN a.enabled = 0 AND a.deactivated_ms IS NOT NULL THEN 'user_deactivation' ELSE '' END,
       p.name, p.name_key, '', '', p.description, p.created_ms + 3155760000000, 3, 3, 1, 1, 1, p.created_ms,
       CASE WHEN a.enabled = 0 THEN a.deactivated_ms ELSE NULL END, 0
  FROM identity_account a JOIN identity_project p ON p.id = a.id
 WHERE p.name = 'system:' || a.id;

INSERT INTO identity_project_limit (project_id, resource, project_amount, member_amount)
SELECT l.project_id, h.resource, h.limit_amount, COALESCE(m.limit_amount, h.limit_amount)
  FROM identity_project_life l
  JOIN identity_holding h ON h.holder = 'project:' || l.project_id AND h.source = ''
  LEFT JOIN identity_holding m
    ON m.holder = 'user:' || l.project_id AND m.source = 'project:' || l.project_id AND m.resource = h.resource;

INSERT INTO identity_membership (id, project_id, account_id, state, state_reason)
SELECT ROW_NUMBER() OVER (ORDER BY a.number), l.project_id, a.id, 1, ''
  FROM identity_project_life l JOIN identity_account a ON a.id = l.project_id;
INSERT INTO identity_membership_step (membership_id, state, at_ms)
SELECT m.id, 1, l.created_ms FROM identity_membership m JOIN identity_project_life l ON l.project_id = m.project_id;
INSERT INTO identity_counter (name, value) SELECT 'membership', COUNT(*) FROM identity_membership;

UPDATE identity_holding SET limit_amount = 0
 WHERE source = '' AND holder IN (SELECT 'project:' || project_id FROM identity_project_life WHERE state = 10);
UPDATE identity_holding SET limit_amount = 0
 WHERE holder IN (SELECT 'user:' || project_id FROM identity_project_life WHERE state = 10)
   AND source = 'project:' || substr(holder, 6);
UPDATE identity_project SET enabled = 0
 WHERE id IN (SELECT project_id FROM identity_project_life WHERE state = 10);
UPDATE identity_counter SET value = value + 1 WHERE name = 'directory'
