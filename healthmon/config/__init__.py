"""The configuration: an INI file becomes frozen values, with every problem found at once.

``sections`` declares what may stand in the file and what becomes of it, ``configuration`` is the whole, ``loading``
reads it. Each name is imported from where it is: a command that needs a part answers sooner without the rest.
"""
