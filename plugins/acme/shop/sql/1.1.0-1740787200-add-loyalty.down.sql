-- The points can be counted again from the orders, so dropping them loses nothing.
ALTER TABLE customers DROP COLUMN loyalty_points;
