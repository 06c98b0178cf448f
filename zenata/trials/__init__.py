"""Trials: challenges, scores, statistics and receipts; pure functions over what a trial has left."""
