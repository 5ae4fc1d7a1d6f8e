DROP TABLE loyalty;
