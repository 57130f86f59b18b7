"""Who watches healthmon: systemd, and a service elsewhere that expects a sign of life."""
