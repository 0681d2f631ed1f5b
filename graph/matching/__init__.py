"""Which actors may be the same organisation: pairs with a score and the reasons, for review."""
