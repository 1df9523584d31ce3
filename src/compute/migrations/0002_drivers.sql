-- Who runs machines: one row per data directory with machines, kept up to date by the process that drives them, so that
-- processes without machines can decide admission and give addresses. said_ms 0: it was stopped in an orderly way.
CREATE TABLE compute_driver (
  id TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  instance TEXT NOT NULL,
  hold TEXT NOT NULL,
  address_pool TEXT NOT NULL,
  memory_bytes BIGINT NOT NULL,
  overhead_bytes BIGINT NOT NULL,
  disk_bytes BIGINT NOT NULL,
  cpus_per_machine BIGINT NOT NULL,
  said_ms BIGINT NOT NULL
);

-- Empty: made before there were drivers; the first one to start takes them.
ALTER TABLE compute_server ADD COLUMN driver TEXT NOT NULL DEFAULT '';
CREATE INDEX compute_server_driver ON compute_server (driver, id);
CREATE INDEX compute_server_link ON compute_server (link) WHERE link <> '';
