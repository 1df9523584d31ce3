DROP INDEX identity_account_by_domain;
CREATE INDEX identity_account_by_domain ON identity_account (domain_id, number)
