"""Who may publish what: keys of departments, their scopes, signatures and quotas."""
