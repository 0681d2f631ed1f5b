"""What may be said: terms, tables, codes, labels, shapes and rules."""
