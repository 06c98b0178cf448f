"""Control data: pilots, keys and their check, quotas, devices, budgets, the audit log."""
