DROP TABLE branches
