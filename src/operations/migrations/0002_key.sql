-- Tells whether a node has the key of this installation: a keyed hash of a fixed text.
CREATE TABLE operations_key (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
