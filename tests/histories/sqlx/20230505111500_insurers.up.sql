CREATE TABLE insurers (
    id      integer PRIMARY KEY,
    name    text NOT NULL UNIQUE,
    terms   jsonb NOT NULL DEFAULT '{}'
);
ALTER TABLE patients ADD COLUMN insurer_id integer REFERENCES insurers;
INSERT INTO insurers VALUES
    (1, 'Nordic Health', '{"covers": ["general", "dental"], "share": 0.8, "note": "ask; then -- book"}'),
    (2, 'Città Salute', '{"covers": ["general"], "share": 0.65}');
UPDATE patients AS p SET insurer_id = i.id, updated_at = '2023-05-05 11:15:00+00'
FROM insurers AS i
WHERE (i.terms ->> 'share')::numeric > 0.7 AND p.born_on < DATE '1990-01-01';
