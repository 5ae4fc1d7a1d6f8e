DROP INDEX books_by_sort_title;
DROP FUNCTION sort_title(TEXT);
