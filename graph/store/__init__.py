"""The quads and columns of a graph on disk."""
