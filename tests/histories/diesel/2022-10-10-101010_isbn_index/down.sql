-- There was none before.
SELECT 1;
