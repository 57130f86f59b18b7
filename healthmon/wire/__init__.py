"""What all those share that talk to somebody outside: a PBX, a receiver, the service of the heartbeat.

Connections are opened by ``connecting``, which looks up ``names`` within a time. How long, how slowly and how much a
peer may send: ``pace`` is the rule, ``answers`` keeps it for http.client, ``adapter`` for requests. What a library
raises meanwhile is that peer's failure: ``failures``. ``sessions`` and ``dates`` are about HTTP. They know no peer:
what an answer that breaks a rule means is said by those who asked for it.
"""
