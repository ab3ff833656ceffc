"""What a build costs, exactly and without building it: parameters, bytes, FLOPs, state, and formulas for each."""
