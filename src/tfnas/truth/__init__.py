"""Ground truth: accuracies of trained cells with their costs, from three sources, in one table."""
