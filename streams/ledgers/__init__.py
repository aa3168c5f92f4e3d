"""Money and people as columns: what the rules of budget, revenue and population judge, a day at a time."""
