ALTER TABLE identity_account ADD COLUMN hash_sha1 BIGINT NOT NULL DEFAULT 0;
ALTER TABLE identity_account ADD COLUMN hash_sha256 BIGINT NOT NULL DEFAULT 0;
UPDATE identity_account SET hash_sha1 = CASE
    WHEN substr(password_hash, 14, 1) = '$' THEN CAST(substr(password_hash, 13, 1) AS BIGINT)
    WHEN substr(password_hash, 15, 1) = '$' THEN CAST(substr(password_hash, 13, 2) AS BIGINT)
    WHEN substr(password_hash, 16, 1) = '$' THEN CAST(substr(password_hash, 13, 3) AS BIGINT)
    WHEN substr(password_hash, 17, 1) = '$' THEN CAST(substr(password_hash, 13, 4) AS BIGINT)
    WHEN substr(password_hash, 18, 1) = '$' THEN CAST(substr(password_hash, 13, 5) AS BIGINT)
    WHEN substr(password_hash, 19, 1) = '$' THEN CAST(substr(password_hash, 13, 6) AS BIGINT)
    WHEN substr(password_hash, 20, 1) = '$' THEN CAST(substr(password_hash, 13, 7) AS BIGINT)
    ELSE 0 END
 WHERE password_hash LIKE 'pbkdf2!_sha1$%' ESCAPE '!';
UPDATE identity_account SET hash_sha256 = CASE
    WHEN substr(password_hash, 16, 1) = '$' THEN CAST(substr(password_hash, 15, 1) AS BIGINT)
    WHEN substr(password_hash, 17, 1) = '$' THEN CAST(substr(password_hash, 15, 2) AS BIGINT)
    WHEN substr(password_hash, 18, 1) = '$' THEN CAST(substr(password_hash, 15, 3) AS BIGINT)
    WHEN substr(password_hash, 19, 1) = '$' THEN CAST(substr(password_hash, 15, 4) AS BIGINT)
    WHEN substr(password_hash, 20, 1) = '$' THEN CAST(substr(password_hash, 15, 5) AS BIGINT)
    WHEN substr(password_hash, 21, 1) = '$' THEN CAST(substr(password_hash, 15, 6) AS BIGINT)
    WHEN substr(password_hash, 22, 1) = '$' THEN CAST(substr(password_hash, 15, 7) AS BIGINT)
    ELSE 0 END
 WHERE password_hash LIKE 'pbkdf2!_sha256$%' ESCAPE '!';
CREATE INDEX identity_account_hash_sha1 ON identity_account (hash_sha1) WHERE hash_sha1 > 0;
CREATE INDEX identity_account_hash_sha256 ON identity_account (hash_sha256) WHERE hash_sha256 > 0
