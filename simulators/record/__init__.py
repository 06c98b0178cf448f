"""What a world leaves on disk, and its replay."""
