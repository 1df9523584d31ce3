CREATE INDEX identity_project_life_by_age ON identity_project_life (created_ms, project_id) WHERE system = 0;
CREATE INDEX identity_application_waiting ON identity_application (project_id) WHERE state = 0
