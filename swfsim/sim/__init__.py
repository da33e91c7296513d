"""Virtual runs: any number of unmodified blocking loops on one thread and one virtual clock."""
