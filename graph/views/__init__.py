"""Results as a page, a table, a text."""
