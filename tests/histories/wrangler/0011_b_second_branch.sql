UPDATE shows SET owner = 'unknown' WHERE owner IS NULL;
