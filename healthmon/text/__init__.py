"""How texts of strangers are cut, shown and listed. Pure."""
