-- The least disk of a machine that boots from it; 0: registered by an earlier release, which did not look.
ALTER TABLE compute_image ADD COLUMN disk_least_bytes BIGINT NOT NULL DEFAULT 0;
