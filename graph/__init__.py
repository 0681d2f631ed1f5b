"""What the quads show: store, network, findings and views."""
