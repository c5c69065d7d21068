"""How people behave: traits, orders, subscriptions, faults, exits and what the experiments do to them."""
