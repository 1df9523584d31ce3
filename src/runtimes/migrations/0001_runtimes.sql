-- Ids of runtimes and services are drawn from one row, two at a time.
CREATE TABLE runtimes_counter (
  name TEXT PRIMARY KEY,
  last BIGINT NOT NULL
);
INSERT INTO runtimes_counter (name, last) VALUES ('id', 0);

CREATE TABLE runtimes_runtime (
  id BIGINT PRIMARY KEY,
  service_id BIGINT NOT NULL,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  document TEXT NOT NULL,
  body TEXT NOT NULL,
  last_event BIGINT NOT NULL,
  created BIGINT NOT NULL,
  changed BIGINT NOT NULL
);
CREATE INDEX runtimes_runtime_owner ON runtimes_runtime (owner, id);

CREATE TABLE runtimes_function (
  runtime BIGINT NOT NULL,
  role TEXT NOT NULL,
  server BIGINT NOT NULL,
  state TEXT NOT NULL,
  error TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  cpu BIGINT NOT NULL,
  memory BIGINT NOT NULL,
  disk BIGINT NOT NULL,
  PRIMARY KEY (runtime, role)
);
CREATE UNIQUE INDEX runtimes_function_server ON runtimes_function (server);
CREATE INDEX runtimes_function_state ON runtimes_function (state);

CREATE TABLE runtimes_event (
  runtime BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  owner TEXT NOT NULL,
  time BIGINT NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (runtime, sequence)
);
CREATE INDEX runtimes_event_time ON runtimes_event (time);

CREATE TABLE runtimes_flavour (
  name TEXT PRIMARY KEY,
  definition TEXT NOT NULL,
  created BIGINT NOT NULL
);

CREATE TABLE runtimes_idempotency (
  owner TEXT NOT NULL,
  key TEXT NOT NULL,
  body_hash TEXT NOT NULL,
  runtime BIGINT NOT NULL,
  answer TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (owner, key)
);
CREATE INDEX runtimes_idempotency_created ON runtimes_idempotency (created);
