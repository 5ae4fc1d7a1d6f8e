DROP INDEX CONCURRENTLY copies_by_branch;
