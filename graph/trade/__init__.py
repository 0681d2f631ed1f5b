"""What is exported: advantage, concentration, relatedness, complexity, growth."""
