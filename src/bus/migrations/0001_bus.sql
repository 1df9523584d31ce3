CREATE TABLE bus_counter (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO bus_counter (name, value) VALUES ('message', 0);

-- One counter row in the publisher's transaction: ids become visible in their order, so a reader that asks for what
-- is above the last one it saw misses nothing.
CREATE TABLE bus_message (
  id BIGINT PRIMARY KEY,
  topic TEXT NOT NULL,
  kind TEXT NOT NULL,
  object TEXT NOT NULL,
  body TEXT NOT NULL,
  origin TEXT NOT NULL,
  created_ms BIGINT NOT NULL
);
CREATE INDEX bus_message_topic ON bus_message (topic, kind, id);
