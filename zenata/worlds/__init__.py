"""What services share about worlds: their folders, and the local calls to their simulators."""
