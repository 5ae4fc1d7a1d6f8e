CREATE INDEX CONCURRENTLY copies_by_branch ON copies (branch_id, condition);
