INSERT INTO notebooks VALUES (1, 'Reisen; Ideen'), (2, 'Årsplan -- 2024');
INSERT INTO notes (id, notebook_id, body, pinned) VALUES (1, 1, 'Lisbon
and Porto', 1), (2, 2, 'it''s late', NULL);
