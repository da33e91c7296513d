"""A decider against captured histories: what it was given, what it decided, what it does now."""
