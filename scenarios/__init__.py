"""Stories about the order workflow; ``app`` says how to run it."""
