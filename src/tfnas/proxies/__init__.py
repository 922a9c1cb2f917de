"""Training-free proxies: a registry, and one file per family of proxies that share a pass through the network."""
