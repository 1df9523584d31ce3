CREATE TABLE compute_counter (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO compute_counter (name, value) VALUES ('server', 0);
INSERT INTO compute_counter (name, value) VALUES ('address', 0);

CREATE TABLE compute_installation (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE compute_image (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  command_line TEXT NOT NULL,
  created_ms BIGINT NOT NULL
);
CREATE INDEX compute_image_name ON compute_image (name, created_ms);

CREATE TABLE compute_server (
  id BIGINT PRIMARY KEY,
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  image TEXT NOT NULL,
  cpus BIGINT NOT NULL,
  memory_bytes BIGINT NOT NULL,
  disk_bytes BIGINT NOT NULL,
  cpus_ceiling BIGINT NOT NULL,
  memory_ceiling_bytes BIGINT NOT NULL,
  memory_reserved_bytes BIGINT NOT NULL,
  desired TEXT NOT NULL,
  observed TEXT NOT NULL,
  activity TEXT NOT NULL,
  reason TEXT NOT NULL,
  address TEXT NOT NULL,
  ports TEXT NOT NULL,
  link TEXT NOT NULL,
  link_end BIGINT NOT NULL,
  generation BIGINT NOT NULL,
  event_sequence BIGINT NOT NULL,
  created_ms BIGINT NOT NULL,
  changed_ms BIGINT NOT NULL
);
CREATE INDEX compute_server_owner ON compute_server (owner, id);

CREATE TABLE compute_address (
  address TEXT PRIMARY KEY,
  server_id BIGINT NOT NULL,
  rests_until_ms BIGINT NOT NULL
);
CREATE INDEX compute_address_server ON compute_address (server_id);

CREATE TABLE compute_recovery (
  server_id BIGINT NOT NULL,
  at_ms BIGINT NOT NULL,
  PRIMARY KEY (server_id, at_ms)
);
