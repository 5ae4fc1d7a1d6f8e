DROP FUNCTION fee_cents;
