"""Databases as sources: PostgreSQL, SQLite and DuckDB, read and never changed."""
