"""What tests stand on: real Valkey, PostgreSQL and Chromium, and no way out to the network."""
