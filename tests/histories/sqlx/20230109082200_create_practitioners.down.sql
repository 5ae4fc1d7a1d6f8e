DROP TABLE practitioners;
DROP TYPE speciality;
