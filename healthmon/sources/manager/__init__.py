"""The manager interface of one PBX: a connection, and the parts that ask it, a subject each."""
