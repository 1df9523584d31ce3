CREATE TABLE operations_counter (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO operations_counter (name, value) VALUES ('operation', 0);

CREATE TABLE operations_operation (
  id BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  version BIGINT NOT NULL,
  object TEXT NOT NULL,
  actor TEXT NOT NULL,
  request_id TEXT NOT NULL,
  runs_on TEXT NOT NULL,
  state TEXT NOT NULL,
  attempt BIGINT NOT NULL,
  not_before_ms BIGINT NOT NULL,
  deadline_ms BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  lease_until_ms BIGINT NOT NULL,
  owner TEXT NOT NULL,
  cancel_requested BIGINT NOT NULL,
  progress TEXT NOT NULL,
  last_error TEXT NOT NULL,
  last_kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  sealed TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  updated_ms BIGINT NOT NULL
);
CREATE INDEX operations_operation_unfinished ON operations_operation (object, id) WHERE state IN ('pending', 'running');
CREATE INDEX operations_operation_due ON operations_operation (id) WHERE state IN ('pending', 'running');
CREATE INDEX operations_operation_ended ON operations_operation (updated_ms) WHERE state NOT IN ('pending', 'running');

CREATE TABLE operations_step (
  operation_id BIGINT NOT NULL,
  name TEXT NOT NULL,
  result TEXT NOT NULL,
  PRIMARY KEY (operation_id, name)
);

CREATE TABLE operations_worker (
  instance TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  pid BIGINT NOT NULL,
  started_ticks BIGINT NOT NULL,
  seen_ms BIGINT NOT NULL
);
