"""Who asks, and what they may do: users, tokens, a proxy, sessions."""
