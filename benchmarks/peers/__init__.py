"""Other products at the same work, for benchmarks: each where its program is on the PATH."""
