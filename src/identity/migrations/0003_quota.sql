CREATE TABLE identity_resource (
  name TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  unit TEXT NOT NULL,
  service_type TEXT NOT NULL,
  service_origin TEXT NOT NULL,
  system_default BIGINT NOT NULL,
  project_default BIGINT NOT NULL,
  ui_visible BIGINT NOT NULL,
  api_visible BIGINT NOT NULL
);

CREATE TABLE identity_holding (
  holder TEXT NOT NULL,
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  limit_amount BIGINT NOT NULL,
  usage_min BIGINT NOT NULL DEFAULT 0,
  usage_max BIGINT NOT NULL DEFAULT 0,
  log_dropped BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (holder, source, resource)
);

CREATE TABLE identity_serial (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO identity_serial (name, value) VALUES ('commission', 0);

CREATE TABLE identity_commission (
  serial BIGINT PRIMARY KEY,
  client TEXT NOT NULL,
  name TEXT NOT NULL,
  issued_ms BIGINT NOT NULL
);

CREATE TABLE identity_provision (
  serial BIGINT NOT NULL,
  holder TEXT NOT NULL,
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  quantity BIGINT NOT NULL,
  PRIMARY KEY (serial, holder, source, resource)
);

CREATE TABLE identity_provision_log (
  holder TEXT NOT NULL,
  source TEXT NOT NULL,
  resource TEXT NOT NULL,
  serial BIGINT NOT NULL,
  client TEXT NOT NULL,
  name TEXT NOT NULL,
  limit_amount BIGINT NOT NULL,
  usage_min BIGINT NOT NULL,
  usage_max BIGINT NOT NULL,
  delta BIGINT NOT NULL,
  issued_ms BIGINT NOT NULL,
  logged_ms BIGINT NOT NULL,
  reason TEXT NOT NULL,
  PRIMARY KEY (holder, source, resource, serial)
);
CREATE INDEX identity_provision_log_by_time ON identity_provision_log (logged_ms);
