"""Air quality: emissions, dispersion and background."""
