-- Money in hundredths; days as YYYY-MM-DD; moments as RFC 3339 in UTC.
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stock (
  sku TEXT NOT NULL, store TEXT NOT NULL, color TEXT NOT NULL, size TEXT NOT NULL, quantity INTEGER NOT NULL CHECK (quantity >= 0),
  PRIMARY KEY (sku, store, color, size)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS contacts (
  id TEXT PRIMARY KEY, name TEXT, language TEXT, country TEXT NOT NULL, phone TEXT, user_id TEXT, email TEXT, city TEXT, pincode TEXT,
  consent_version TEXT, consent_at TEXT, marketing INTEGER NOT NULL DEFAULT 0, source TEXT, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS aliases (alias TEXT PRIMARY KEY, contact_id TEXT NOT NULL REFERENCES contacts(id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS orders (
  id TEXT PRIMARY KEY, contact_id TEXT NOT NULL REFERENCES contacts(id), placed_on TEXT NOT NULL, status TEXT NOT NULL, carrier TEXT,
  tracking_id TEXT, expected_on TEXT, delivered_on TEXT, country TEXT NOT NULL, total INTEGER NOT NULL, payment_method TEXT NOT NULL,
  payment_status TEXT NOT NULL, city TEXT NOT NULL, address TEXT NOT NULL, pincode TEXT NOT NULL, wish_date TEXT, wish_address TEXT, wish_slot TEXT, wish_note TEXT,
  cancel_reason TEXT, returnable_until TEXT);
CREATE INDEX IF NOT EXISTS orders_of ON orders (contact_id, placed_on);
CREATE TABLE IF NOT EXISTS order_items (
  order_id TEXT NOT NULL REFERENCES orders(id), sku TEXT NOT NULL, name TEXT NOT NULL, quantity INTEGER NOT NULL, price INTEGER NOT NULL, color TEXT, size TEXT);
CREATE INDEX IF NOT EXISTS items_of ON order_items (order_id);
CREATE TABLE IF NOT EXISTS carrier_events (order_id TEXT NOT NULL REFERENCES orders(id), at TEXT NOT NULL, raw_status TEXT NOT NULL, place TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_of ON carrier_events (order_id, at);
CREATE TABLE IF NOT EXISTS refunds (order_id TEXT PRIMARY KEY REFERENCES orders(id), status TEXT NOT NULL, amount INTEGER NOT NULL, expected_on TEXT);
CREATE TABLE IF NOT EXISTS tickets (
  id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, subject TEXT NOT NULL, description TEXT NOT NULL, contact_id TEXT, order_id TEXT, language TEXT,
  priority TEXT NOT NULL, conversation TEXT, status TEXT NOT NULL, slots TEXT NOT NULL, transcript TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS tickets_of ON tickets (contact_id);
CREATE TABLE IF NOT EXISTS ticket_notes (ticket_id INTEGER NOT NULL REFERENCES tickets(id), at TEXT NOT NULL, note TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS notes_of ON ticket_notes (ticket_id);
CREATE TABLE IF NOT EXISTS appointments (
  id INTEGER PRIMARY KEY AUTOINCREMENT, slot_id TEXT NOT NULL, contact_id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT, date TEXT NOT NULL, time TEXT NOT NULL,
  store TEXT NOT NULL, status TEXT NOT NULL, at_home INTEGER NOT NULL DEFAULT 0, note TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS one_booking ON appointments (slot_id) WHERE status = 'booked';
CREATE INDEX IF NOT EXISTS appointments_of ON appointments (contact_id, date);
CREATE TABLE IF NOT EXISTS documents (token TEXT PRIMARY KEY, order_id TEXT NOT NULL REFERENCES orders(id), type TEXT NOT NULL, created_at TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_of ON documents (order_id, type);
CREATE TABLE IF NOT EXISTS ratings (id INTEGER PRIMARY KEY, contact_id TEXT NOT NULL, score INTEGER NOT NULL, matter TEXT, conversation TEXT, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS idempotency (key TEXT PRIMARY KEY, route TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
