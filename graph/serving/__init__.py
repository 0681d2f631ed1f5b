"""A graph as a SPARQL endpoint and a page to query it, for the tools of others."""
