-- no-transaction
ALTER TYPE speciality ADD VALUE IF NOT EXISTS 'dermatology' BEFORE 'physiotherapy';
