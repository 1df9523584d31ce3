-- What no machine of a driver can do with less than; 0: an earlier release, which did not say.
ALTER TABLE compute_driver ADD COLUMN memory_least_bytes BIGINT NOT NULL DEFAULT 0;
