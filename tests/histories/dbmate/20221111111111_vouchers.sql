-- migrate:up
CREATE TABLE vouchers (code TEXT PRIMARY KEY, secret BLOB NOT NULL, cents INTEGER NOT NULL);
INSERT INTO vouchers VALUES ('XMAS; 22', x'00ff10', 2000), ('[odd] `name` "x"', zeroblob(4), 1);
CREATE INDEX "vouchers; by size" ON vouchers (cents DESC);

-- migrate:down
DROP TABLE vouchers;
