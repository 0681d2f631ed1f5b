"""Actors and links as arrays, and what is measured on them."""
