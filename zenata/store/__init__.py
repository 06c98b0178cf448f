"""Where readings last."""
