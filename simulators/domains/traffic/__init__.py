"""Road traffic: network, queues and signals."""
