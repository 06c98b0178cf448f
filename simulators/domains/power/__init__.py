"""The medium-voltage grid."""
