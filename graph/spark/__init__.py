"""The network and the rules on Spark, for graphs that no single machine holds."""
