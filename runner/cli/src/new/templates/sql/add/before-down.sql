-- Runs before `down`, outside its transaction.
SELECT 1;
