"""Plain computations from the topics that the engine is compared with."""
