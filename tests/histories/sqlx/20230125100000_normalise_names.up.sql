-- The old spelling is not kept anywhere: there is no way back.
UPDATE patients SET full_name = normalize(btrim(full_name), NFC);
