"""What every route shares: the application, keys, limits, problems and the documents."""
