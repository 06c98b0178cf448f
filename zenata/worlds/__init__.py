"""What services share about worlds: their index and files, in folders or in a NATS cluster, and calls to simulators."""
