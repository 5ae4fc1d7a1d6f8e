DROP TABLE parcel_events;
