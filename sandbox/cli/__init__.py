"""The command line: options and help of every command."""

import gc

# What imports make stays: collecting garbage among it again and again took 6 to 8 % of the start of a program.
gc.set_threshold(50_000, 20, 50)
