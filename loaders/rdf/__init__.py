"""RDF as a source: files, SPARQL endpoints, and what mappings construct."""
