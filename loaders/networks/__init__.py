"""Network files as sources: GraphML, GEXF, GML, Pajek and edge lists."""
