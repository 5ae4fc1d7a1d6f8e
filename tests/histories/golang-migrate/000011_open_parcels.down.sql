DROP VIEW open_parcels;
