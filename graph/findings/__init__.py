"""What is missing, by rule, with its evidence."""
