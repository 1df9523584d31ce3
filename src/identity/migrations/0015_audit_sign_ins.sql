-- Sign-ins are pruned at each sign-in: who has many of them does not make it slower.
CREATE INDEX identity_audit_sign_ins ON identity_audit (account_id, at_ms)
  WHERE event IN ('account.signed_in', 'account.sign_in_slowed');
