"""What time is it, and when comes what: our own clock, and pure arithmetic with the clock on the wall."""
