"""The kinds of sections, a file each: the frozen record that a section becomes, and the declaration of its options."""
