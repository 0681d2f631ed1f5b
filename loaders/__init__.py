"""How sources become typed tables."""
