"""From the text of a file to the frozen values, with every problem found at once.

In this order: the form of the file (``ini``), each option by itself (``draft``), what options name outside of the file
(``resolve``), what sections say about each other (``checks``), and then the records. ``load`` does all of that;
``place`` and ``plans`` read a part of the file in the same way, for commands that need no more.
"""
