"""The stores beside their limits: bare `sqlite3`, bare `psycopg`, and `eventsourcing` 9.5, in the same rounds."""
