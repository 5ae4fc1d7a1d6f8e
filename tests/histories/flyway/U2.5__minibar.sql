DROP TABLE minibar;
