"""On-call services: one ticket for each incident, opened, acknowledged and resolved by the same key."""
