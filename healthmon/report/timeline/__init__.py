"""What happened to one thing: the story of an incident, the life of a target."""
