DROP TABLE copies;
DROP TYPE condition;
