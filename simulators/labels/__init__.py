"""Truth labels: what happened, and which sensors it affected."""
