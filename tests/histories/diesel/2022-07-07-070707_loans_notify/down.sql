DROP TRIGGER loans_after_return ON loans;
DROP FUNCTION after_return();
UPDATE loans SET returned = NULL;
DELETE FROM fees WHERE reason ->> 'by' = 'trigger';
SELECT setval('fees_id_seq', 1);
