"""What a PBX, the configuration and this machine are examined for: judged from what was looked at, without a look."""
