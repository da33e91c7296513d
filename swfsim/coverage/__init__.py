"""Which news a decider was shown, what it decided then, and what nobody has seen it decide."""
