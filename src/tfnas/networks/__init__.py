"""Networks: the macro skeleton with its costs, the reference network, and the engine that runs many at once."""
