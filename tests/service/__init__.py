"""The service: what systemd is told, and what its unit promises."""
