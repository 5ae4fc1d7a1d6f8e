DROP VIEW depot_statistics;
