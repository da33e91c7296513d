"""Stories against a real service: guarded, counted, paced, recorded, and cleaned up after."""
