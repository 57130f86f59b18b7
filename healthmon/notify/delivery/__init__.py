"""Claim what is due, send it, book the result, back off: one thread for each URL of a receiver."""
