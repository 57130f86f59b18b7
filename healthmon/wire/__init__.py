"""How long, how slowly and how much a peer may send: the same bounds for whoever healthmon talks to.

``pace`` is the rule, ``answers`` keeps it for http.client, ``adapter`` for requests. They know no peer: what an answer
that breaks the rule means is said by those who asked for it.
"""
