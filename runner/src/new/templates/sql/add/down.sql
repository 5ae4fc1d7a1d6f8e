DROP TABLE {{own}};
