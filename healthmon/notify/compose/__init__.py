"""What a message says: claimed bookings become the words that a person reads. Pure."""
