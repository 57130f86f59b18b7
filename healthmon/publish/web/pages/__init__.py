"""The pages that people look at: each is useful without a script, and kept fresh by a small one. Nothing writes."""
