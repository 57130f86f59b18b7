"""Status pages for everybody: what they list, how that is and was, and nothing else of what is known."""
