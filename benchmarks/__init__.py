"""The figures the project promises, each measured beside a bare baseline of the same run."""
