"""The tables, as numbered migrations: number N brings a database of version N-1 to version N.

A migration that has been released is never changed; what comes later is a new one at the end. All times are on the
database's own timeline (``timeline.py``). Healths, causes and checks are small numbers in ``transitions`` only: that
is the table that grows.
"""

from __future__ import annotations

#: Whose row in ``daemon`` is this daemon's: one day several may share a database.
INSTANCE = "default"

#: "hmon", in the header of every database of healthmon.
APPLICATION_ID = 0x686D6F6E

#: The ``until`` of a veil that has not ended: later than any time, so that one index finds it too.
NO_END = 1e15

_FIRST = (
    """CREATE TABLE daemon (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        started_at DOUBLE PRECISION,
        alive_at DOUBLE PRECISION,
        version TEXT NOT NULL DEFAULT '',
        clock_shift DOUBLE PRECISION NOT NULL DEFAULT 0
    )""",
    "INSERT INTO daemon (one) VALUES (1)",
    # For people: what was done to the clock. ``rev`` is the newest transition at that moment.
    """CREATE TABLE clock_jumps (
        id INTEGER PRIMARY KEY,
        at DOUBLE PRECISION NOT NULL,
        seconds DOUBLE PRECISION NOT NULL,
        rev INTEGER NOT NULL
    )""",
    """CREATE TABLE freshness (
        pbx TEXT PRIMARY KEY,
        last_event_at DOUBLE PRECISION,
        last_snapshot_at DOUBLE PRECISION,
        alive_at DOUBLE PRECISION
    )""",
    # One check of one target, for as long as there is any history of it.
    """CREATE TABLE checks (
        id INTEGER PRIMARY KEY,
        pbx TEXT NOT NULL,
        technology TEXT NOT NULL,
        resource TEXT NOT NULL,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        watch TEXT NOT NULL,
        watched_since DOUBLE PRECISION NOT NULL,
        forgotten_at DOUBLE PRECISION,
        UNIQUE (pbx, technology, resource, name)
    )""",
    "CREATE INDEX checks_forgotten ON checks (forgotten_at) WHERE forgotten_at IS NOT NULL",
    """CREATE TABLE states (
        check_id INTEGER PRIMARY KEY,
        watched_since DOUBLE PRECISION NOT NULL,
        belief TEXT,
        since DOUBLE PRECISION NOT NULL,
        believed_at DOUBLE PRECISION NOT NULL,
        reason TEXT NOT NULL,
        remark TEXT NOT NULL,
        pending TEXT,
        pending_since DOUBLE PRECISION NOT NULL,
        not_up_since DOUBLE PRECISION,
        down_since DOUBLE PRECISION,
        veil TEXT NOT NULL,
        veiled_since DOUBLE PRECISION NOT NULL,
        ever_up BOOLEAN NOT NULL,
        is_flapping BOOLEAN NOT NULL,
        down_after DOUBLE PRECISION NOT NULL
    )""",
    """CREATE TABLE pbx_states (
        pbx TEXT PRIMARY KEY,
        startup_time TEXT NOT NULL,
        last_reload_time TEXT NOT NULL,
        version TEXT NOT NULL,
        blind_why TEXT NOT NULL,
        blind_since DOUBLE PRECISION NOT NULL,
        was_seen BOOLEAN NOT NULL
    )""",
    """CREATE TABLE settings (
        pbx TEXT NOT NULL,
        technology TEXT NOT NULL,
        resource TEXT NOT NULL,
        read_at DOUBLE PRECISION NOT NULL,
        known BOOLEAN NOT NULL,
        qualify_frequency DOUBLE PRECISION NOT NULL,
        qualify_timeout DOUBLE PRECISION NOT NULL,
        has_static_contact BOOLEAN NOT NULL,
        has_unqualified_static_contact BOOLEAN NOT NULL,
        has_outbound_auth BOOLEAN NOT NULL,
        max_contacts INTEGER NOT NULL,
        PRIMARY KEY (pbx, technology, resource)
    )""",
    # Causes of transitions and veils, each text once. ``last_used`` is refreshed about once a day.
    """CREATE TABLE words (
        id INTEGER PRIMARY KEY,
        text TEXT NOT NULL UNIQUE,
        last_used DOUBLE PRECISION NOT NULL
    )""",
    "CREATE INDEX words_last_used ON words (last_used)",
    # ``rev`` is the order of booking.
    """CREATE TABLE transitions (
        rev INTEGER PRIMARY KEY,
        check_id INTEGER NOT NULL,
        old_health SMALLINT,
        new_health SMALLINT,
        at DOUBLE PRECISION NOT NULL,
        believed_at DOUBLE PRECISION NOT NULL,
        cause INTEGER NOT NULL
    )""",
    "CREATE INDEX transitions_of_check ON transitions (check_id, at)",
    """CREATE TABLE veils (
        id INTEGER PRIMARY KEY,
        check_id INTEGER NOT NULL,
        since DOUBLE PRECISION NOT NULL,
        until DOUBLE PRECISION NOT NULL,
        why INTEGER NOT NULL
    )""",
    "CREATE INDEX veils_since ON veils (check_id, since)",
    "CREATE INDEX veils_until ON veils (check_id, until)",
    # ``telling``: open, or somebody has still to be told how it ended.
    """CREATE TABLE incidents (
        id INTEGER PRIMARY KEY,
        pbx TEXT NOT NULL,
        technology TEXT NOT NULL,
        resource TEXT NOT NULL,
        check_name TEXT NOT NULL,
        kind TEXT NOT NULL,
        watch TEXT NOT NULL,
        health TEXT NOT NULL,
        opened_at DOUBLE PRECISION NOT NULL,
        believed_at DOUBLE PRECISION NOT NULL,
        cause TEXT NOT NULL,
        cohort TEXT NOT NULL,
        explained_by INTEGER,
        flapping INTEGER NOT NULL,
        flap_episodes INTEGER NOT NULL,
        closed_at DOUBLE PRECISION,
        ending TEXT,
        closed_words TEXT NOT NULL,
        telling BOOLEAN NOT NULL
    )""",
    "CREATE INDEX incidents_open ON incidents (opened_at) WHERE closed_at IS NULL",
    "CREATE INDEX incidents_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL",
    "CREATE INDEX incidents_telling ON incidents (id) WHERE telling",
    "CREATE INDEX incidents_explained ON incidents (explained_by) WHERE explained_by IS NOT NULL",
    # ``says``: what the present or successful attempt says. ``in_doubt``: what an attempt said whose result is
    # unknown; the row then waits again. ``claim``: the number of the newest attempt, counted per URL.
    """CREATE TABLE notifications (
        id INTEGER PRIMARY KEY,
        incident_id INTEGER NOT NULL,
        url_id TEXT NOT NULL,
        reason TEXT NOT NULL,
        serial INTEGER NOT NULL,
        booked_at DOUBLE PRECISION NOT NULL,
        due_at DOUBLE PRECISION NOT NULL,
        state TEXT NOT NULL DEFAULT 'waiting',
        claim INTEGER NOT NULL DEFAULT 0,
        claimed_at DOUBLE PRECISION,
        says TEXT,
        in_doubt TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        finished_at DOUBLE PRECISION,
        why TEXT NOT NULL DEFAULT '',
        subject TEXT NOT NULL DEFAULT '',
        UNIQUE (incident_id, url_id, reason, serial)
    )""",
    "CREATE INDEX notifications_waiting ON notifications (url_id, due_at) WHERE state = 'waiting'",
    "CREATE INDEX notifications_in_order ON notifications (incident_id, url_id) WHERE state = 'waiting'",
    "CREATE INDEX notifications_sending ON notifications (url_id) WHERE state = 'sending'",
    """CREATE TABLE urls (
        url_id TEXT PRIMARY KEY,
        claims INTEGER NOT NULL DEFAULT 0,
        failing_since DOUBLE PRECISION,
        attempts INTEGER NOT NULL DEFAULT 0,
        last_error TEXT NOT NULL DEFAULT '',
        last_error_at DOUBLE PRECISION,
        last_delivered_at DOUBLE PRECISION
    )""",
)

#: People in the loop. The commands write ``silences`` and ``acknowledgements``, the engine everything else.
_SECOND = (
    # ``matcher``: JSON, lists of patterns by what they speak of. Ending a silence moves its ``until``.
    """CREATE TABLE silences (
        id INTEGER PRIMARY KEY,
        matcher TEXT NOT NULL,
        since DOUBLE PRECISION NOT NULL,
        until DOUBLE PRECISION NOT NULL,
        author TEXT NOT NULL,
        reason TEXT NOT NULL
    )""",
    "CREATE INDEX silences_until ON silences (until)",
    """CREATE TABLE acknowledgements (
        incident_id INTEGER PRIMARY KEY,
        at DOUBLE PRECISION NOT NULL,
        author TEXT NOT NULL,
        reason TEXT NOT NULL
    )""",
    """CREATE TABLE incident_notes (
        id INTEGER PRIMARY KEY,
        incident_id INTEGER NOT NULL,
        at DOUBLE PRECISION NOT NULL,
        words TEXT NOT NULL
    )""",
    "CREATE INDEX incident_notes_of_incident ON incident_notes (incident_id)",
    "ALTER TABLE incidents ADD COLUMN muted_by TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE incidents ADD COLUMN acked_at DOUBLE PRECISION",
    "ALTER TABLE incidents ADD COLUMN acked_by TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE incidents ADD COLUMN ack_reason TEXT NOT NULL DEFAULT ''",
)

#: One cause, one message: what an incident of many things needs.
_THIRD = (
    "ALTER TABLE incidents ADD COLUMN severity TEXT NOT NULL DEFAULT 'critical'",
    "ALTER TABLE incidents ADD COLUMN site TEXT NOT NULL DEFAULT ''",
    # JSON: the names of watch sections.
    "ALTER TABLE incidents ADD COLUMN watches TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE incidents ADD COLUMN down INTEGER NOT NULL DEFAULT 0",
    # "of" is no word of SQL, but close to one.
    "ALTER TABLE incidents ADD COLUMN down_of INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE incidents ADD COLUMN widened INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE incidents ADD COLUMN widened_at DOUBLE PRECISION NOT NULL DEFAULT 0",
)

#: Where the contacts of endpoints are: sites are made of that, and it is a part of a phone's history.
_PLACES = (
    """CREATE TABLE contacts (
        id INTEGER PRIMARY KEY,
        pbx TEXT NOT NULL,
        technology TEXT NOT NULL,
        resource TEXT NOT NULL,
        address TEXT NOT NULL,
        user_agent TEXT NOT NULL,
        since DOUBLE PRECISION NOT NULL,
        until DOUBLE PRECISION NOT NULL
    )""",
    "CREATE INDEX contacts_of_endpoint ON contacts (pbx, technology, resource, until)",
    "CREATE INDEX contacts_until ON contacts (until)",
    # The settings tell where contacts are, too: those that were read before are read again.
    "UPDATE settings SET read_at = 0",
)

#: The life of one target is asked for: its incidents, without looking at those of all others.
_LIFE = ("CREATE INDEX incidents_of_target ON incidents (pbx, technology, resource, opened_at)",)

#: A receiver's quiet time: what waits for its end. ``quiet_except``: severities that do not, divided by spaces.
_QUIET = (
    "ALTER TABLE urls ADD COLUMN quiet_until DOUBLE PRECISION",
    "ALTER TABLE urls ADD COLUMN quiet_except TEXT NOT NULL DEFAULT ''",
)

#: Who watches the watcher: when what is known of a PBX is too old depends on how often it is asked.
_PULSE = ("ALTER TABLE freshness ADD COLUMN poll_every DOUBLE PRECISION NOT NULL DEFAULT 60",)


def _daily(name: str, kind: str = "") -> str:
    """Readings of the meter of each check at the ends of days (``at``): what happened before, seconds and outages."""
    return f"""CREATE TABLE {name} (
        check_id INTEGER NOT NULL,
        at DOUBLE PRECISION NOT NULL,
        up_s DOUBLE PRECISION NOT NULL,
        degraded_s DOUBLE PRECISION NOT NULL,
        down_s DOUBLE PRECISION NOT NULL,
        unknown_s DOUBLE PRECISION NOT NULL,
        outages INTEGER NOT NULL,
        longest_s DOUBLE PRECISION NOT NULL,
        belief SMALLINT,
        was_used BOOLEAN NOT NULL,
        is_out BOOLEAN NOT NULL,
        out_s DOUBLE PRECISION NOT NULL,
        PRIMARY KEY (check_id, at)
    ){kind}"""


_DAILY = (
    _daily("daily"),
    # No reading is later than this: what is booked for an earlier time makes readings wrong.
    "ALTER TABLE daemon ADD COLUMN rolled_until DOUBLE PRECISION NOT NULL DEFAULT 0",
    "CREATE INDEX incidents_flapping ON incidents (opened_at) WHERE flap_episodes > 0",
)


def _buckets(name: str) -> str:
    """Round trips of a check from ``at`` on. ``histogram``: JSON, how many by the number of the step."""
    return f"""CREATE TABLE {name} (
        check_id INTEGER NOT NULL,
        at DOUBLE PRECISION NOT NULL,
        count INTEGER NOT NULL,
        sum_ms DOUBLE PRECISION NOT NULL,
        min_ms DOUBLE PRECISION NOT NULL,
        max_ms DOUBLE PRECISION NOT NULL,
        histogram TEXT NOT NULL,
        PRIMARY KEY (check_id, at)
    )"""


#: Numbers, not changes: round-trip times wait one by one, and are folded into minutes, hours and days.
_ROUND_TRIPS = (
    """CREATE TABLE round_trips (
        id INTEGER PRIMARY KEY,
        check_id INTEGER NOT NULL,
        at DOUBLE PRECISION NOT NULL,
        ms DOUBLE PRECISION NOT NULL
    )""",
    *(_buckets(name) for name in ("rtt_minutes", "rtt_hours", "rtt_days")),
)

#: Reports that are sent at certain times. The schedule thread writes the first two tables, and makes the rows of the
#: third; deliverers book there what became of them.
_REPORTS = (
    # ``taken``: the day of the newest occasion that was seen to, or let pass. Another ``at`` begins anew.
    """CREATE TABLE schedules (
        name TEXT PRIMARY KEY,
        at TEXT NOT NULL,
        taken TEXT NOT NULL
    )""",
    # ``content`` goes when nobody waits for it any more.
    """CREATE TABLE reports (
        id INTEGER PRIMARY KEY,
        schedule TEXT NOT NULL,
        day TEXT NOT NULL,
        made_at DOUBLE PRECISION NOT NULL,
        trouble TEXT NOT NULL,
        command TEXT NOT NULL,
        text TEXT NOT NULL,
        file_name TEXT NOT NULL,
        media_type TEXT NOT NULL,
        content TEXT
    )""",
    """CREATE TABLE report_deliveries (
        id INTEGER PRIMARY KEY,
        report_id INTEGER NOT NULL,
        url_id TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'waiting',
        booked_at DOUBLE PRECISION NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        refusals INTEGER NOT NULL DEFAULT 0,
        in_doubt BOOLEAN NOT NULL DEFAULT FALSE,
        finished_at DOUBLE PRECISION,
        why TEXT NOT NULL DEFAULT ''
    )""",
    "CREATE INDEX report_deliveries_unfinished ON report_deliveries (url_id) WHERE finished_at IS NULL",
    "CREATE INDEX report_deliveries_of_report ON report_deliveries (report_id)",
)

#: What a check must not forget when healthmon dies. ``flap_changes``: JSON, the times of its newest raw changes.
_MEMORY = (
    "ALTER TABLE states ADD COLUMN flap_changes TEXT NOT NULL DEFAULT '[]'",
    "ALTER TABLE states ADD COLUMN cohort TEXT NOT NULL DEFAULT ''",
)

#: The longer something flapped, the longer the calm that ends it.
_FLAPPING = ("ALTER TABLE states ADD COLUMN flapping_since DOUBLE PRECISION NOT NULL DEFAULT 0",)

#: What a reader was told of a group: ``size``, how many were down. ``peak``: how many were down at most.
_SIZES = (
    "ALTER TABLE notifications ADD COLUMN size INTEGER NOT NULL DEFAULT 0",
    """UPDATE notifications SET size = (SELECT down FROM incidents i WHERE i.id = notifications.incident_id)
        WHERE incident_id IN (SELECT id FROM incidents WHERE telling)""",
    "ALTER TABLE incidents ADD COLUMN peak INTEGER NOT NULL DEFAULT 0",
    "UPDATE incidents SET peak = down WHERE down > 0",
    "ALTER TABLE incidents DROP COLUMN widened",
    "ALTER TABLE incidents DROP COLUMN widened_at",
)

#: The readings of one check lie side by side, in the order of time: a report goes through a year of them.
_SIDE_BY_SIDE = (
    _daily("readings", " WITHOUT ROWID"),
    "INSERT INTO readings SELECT * FROM daily ORDER BY check_id, at",
    "DROP TABLE daily",
    "ALTER TABLE readings RENAME TO daily",
)

#: Each contact is checked as its own AOR says. That no reload is known has the settings read anew; those that were read
#: before count until then.
_AORS = (
    "ALTER TABLE settings ADD COLUMN has_unqualified_registered_contact BOOLEAN NOT NULL DEFAULT FALSE",
    "ALTER TABLE settings ADD COLUMN aors INTEGER NOT NULL DEFAULT 1",
    "UPDATE pbx_states SET last_reload_time = ''",
)

#: How an endpoint lost the last of its contacts, and the proxy by which Asterisk reaches it.
_LOSSES = (
    "ALTER TABLE states ADD COLUMN loss TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE settings ADD COLUMN outbound_proxy TEXT NOT NULL DEFAULT ''",
)

#: How long what is pending must last, and why just so long.
_HOLDS = (
    "ALTER TABLE states ADD COLUMN pending_hold DOUBLE PRECISION NOT NULL DEFAULT 0",
    "ALTER TABLE states ADD COLUMN pending_hold_why TEXT NOT NULL DEFAULT ''",
)


def _is_ours(words: str) -> str:
    """Whether a column says, in the words of before, that only we cannot see a PBX."""
    beginnings = (
        "the user name or password is wrong: 401",
        "not allowed: 403",
        "the name ",
        "TLS failed ",
        "the certificate of ",
        "the CA file of verify_tls ",
        "an answer ",
    )
    found = [f"{words} LIKE '{beginning}%'" for beginning in beginnings]
    found.append(f"{words} LIKE '% cannot be reached (Network is unreachable)'")
    return f"({' OR '.join(found)})"


_UNSEEN_NOW = f"closed_at IS NULL AND check_name = 'connection' AND health = 'down' AND {_is_ours('cause')}"

#: What only we cannot see is not down. Until now every connection that broke was; what lasts is told to nobody anew.
_UNSEEN = (
    "ALTER TABLE incidents ADD COLUMN was_down BOOLEAN NOT NULL DEFAULT FALSE",
    "UPDATE incidents SET was_down = TRUE WHERE kind = 'pbx' AND health = 'down'",
    f"""UPDATE states SET belief = 'unknown' WHERE belief = 'down' AND {_is_ours("reason")}
        AND check_id IN (SELECT id FROM checks WHERE technology = '' AND name = 'connection')""",  # noqa: S608 (ours)
    *(
        f"""UPDATE notifications SET {column} = 'unseen' WHERE {column} = 'down'
        AND incident_id IN (SELECT id FROM incidents WHERE {_UNSEEN_NOW})"""  # noqa: S608 (a constant of ours)
        for column in ("says", "in_doubt")
    ),
    f"UPDATE incidents SET health = 'unknown' WHERE {_UNSEEN_NOW}",  # noqa: S608 (a constant of ours)
)

#: On-call services know incidents by a key, and ``identity`` makes it another than that of any other database; it is
#: drawn when the database is opened. ``severity``, as it was told: Alertmanager's labels must stay what they were.
_TICKETS = (
    "ALTER TABLE daemon ADD COLUMN identity TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE notifications ADD COLUMN severity TEXT NOT NULL DEFAULT ''",
)

#: The addresses of a mail URL; each is known by a key that shows nothing of it. ``missed``: what an address was not
#: told while others of its URL were, and what became of that. ``recipients``: those that do not take messages at
#: present. ``addresses``: a report still goes to these, by their keys; "": to all.
_RECIPIENTS = (
    """CREATE TABLE missed (
        id INTEGER PRIMARY KEY,
        notification_id INTEGER NOT NULL,
        url_id TEXT NOT NULL,
        address TEXT NOT NULL,
        place TEXT NOT NULL,
        state TEXT NOT NULL,
        booked_at DOUBLE PRECISION NOT NULL,
        says TEXT,
        in_doubt TEXT,
        attempts INTEGER NOT NULL,
        finished_at DOUBLE PRECISION,
        why TEXT NOT NULL,
        UNIQUE (notification_id, address)
    )""",
    "CREATE INDEX missed_unfinished ON missed (url_id, address) WHERE finished_at IS NULL",
    """CREATE TABLE recipients (
        url_id TEXT NOT NULL,
        address TEXT NOT NULL,
        place TEXT NOT NULL,
        failing_since DOUBLE PRECISION NOT NULL,
        is_final BOOLEAN NOT NULL,
        last_error TEXT NOT NULL,
        PRIMARY KEY (url_id, address)
    )""",
    "ALTER TABLE report_deliveries ADD COLUMN addresses TEXT NOT NULL DEFAULT ''",
)

#: Each restart of Asterisk, as it was seen.
_RESTARTS = (
    """CREATE TABLE restarts (
        id INTEGER PRIMARY KEY,
        pbx TEXT NOT NULL,
        at DOUBLE PRECISION NOT NULL,
        startup_time TEXT NOT NULL
    )""",
    "CREATE INDEX restarts_at ON restarts (at)",
)

#: An outage lasts from first seen until seen back: how much of each nobody saw. Older readings know what was seen.
_OUTAGES = tuple(
    f"ALTER TABLE daily ADD COLUMN {name} DOUBLE PRECISION NOT NULL DEFAULT 0"
    for name in ("outages_unseen_s", "longest_unseen_s", "out_unseen_s")
)

#: When what was flapping, degraded or not seen was first seen down.
_FALLS = ("ALTER TABLE incidents ADD COLUMN fell_at DOUBLE PRECISION",)

#: By which a file and its log are known to belong together (``mark.py``).
_MARKS = (
    """ALTER TABLE daemon ADD COLUMN mark TEXT NOT NULL
        DEFAULT '<000000000000-00000000><000000000000-00000000>'""",
)

#: The daemon's row by its name, as several daemons would need it; that there is only one, ``one`` still says: the page
#: of this table must stay what it is (``mark.py``). ``last_incident``: a number never comes again, also when all
#: incidents are gone.
_INSTANCES = (
    f"ALTER TABLE daemon ADD COLUMN instance TEXT NOT NULL DEFAULT '{INSTANCE}'",
    "CREATE UNIQUE INDEX daemon_instance ON daemon (instance)",
    "ALTER TABLE daemon ADD COLUMN last_incident INTEGER NOT NULL DEFAULT 0",
    "UPDATE daemon SET last_incident = (SELECT COALESCE(MAX(id), 0) FROM incidents)",
)


def _measured(name: str) -> str:
    """What was measured of a check from ``at`` on. ``histogram``: JSON, how many by the number of the step."""
    return f"""CREATE TABLE {name} (
        check_id INTEGER NOT NULL,
        at DOUBLE PRECISION NOT NULL,
        metric TEXT NOT NULL,
        count INTEGER NOT NULL,
        sum DOUBLE PRECISION NOT NULL,
        min DOUBLE PRECISION NOT NULL,
        max DOUBLE PRECISION NOT NULL,
        histogram TEXT NOT NULL,
        PRIMARY KEY (check_id, at, metric)
    )"""


def _moved(table: str, columns: str, old: str, old_columns: str) -> tuple[str, str]:
    """Take over the round trips of an old table, which goes."""
    rows = f"SELECT {old_columns} FROM {old}"  # noqa: S608 (names of ours, here and below)
    return f"INSERT INTO {table} ({columns}) {rows}", f"DROP TABLE {old}"


_SUMS = "check_id, at, metric, count, sum, min, max, histogram"
_OLD_SUMS = "check_id, at, 'rtt_ms', count, sum_ms, min_ms, max_ms, histogram"

#: Whatever is measured, not round trips alone.
_MEASUREMENTS = (
    """CREATE TABLE measurements (
        id INTEGER PRIMARY KEY,
        check_id INTEGER NOT NULL,
        at DOUBLE PRECISION NOT NULL,
        metric TEXT NOT NULL,
        value DOUBLE PRECISION NOT NULL
    )""",
    *(_measured(name) for name in ("measured_minutes", "measured_hours", "measured_days")),
    *_moved("measurements", "id, check_id, at, metric, value", "round_trips", "id, check_id, at, 'rtt_ms', ms"),
    *_moved("measured_minutes", _SUMS, "rtt_minutes", _OLD_SUMS),
    *_moved("measured_hours", _SUMS, "rtt_hours", _OLD_SUMS),
    *_moved("measured_days", _SUMS, "rtt_days", _OLD_SUMS),
)

#: When what sends to a URL died of a defect of ours (JSON, a list of times).
_DEFECTS = ("ALTER TABLE urls ADD COLUMN defects_at TEXT NOT NULL DEFAULT '[]'",)

#: Which silences end at a time of the wall clock, and which last for so long: those that were there do.
_SILENCES_BY_WALL = ("ALTER TABLE silences ADD COLUMN by_wall BOOLEAN NOT NULL DEFAULT FALSE",)

_REACHABILITY = "c.technology = 'PJSIP' AND c.name = 'reachability'"
#: Beside the reachability ``c`` of an endpoint of which a contact was lost, or slow: its state, its new check ``n``.
_BESIDE = """JOIN states s ON s.check_id = c.id JOIN checks n ON n.name = 'contacts'
    AND n.pbx = c.pbx AND n.technology = c.technology AND n.resource = c.resource"""
_LOST = f"checks c {_BESIDE} WHERE {_REACHABILITY}"
_OF_LOST = f"SELECT c.id FROM {_LOST}"  # noqa: S608 (names of ours, here and below)
#: Not before the newest reading of a meter, nor before what it ends.
_LAST_ALIVE = """CASE WHEN s.believed_at >= COALESCE(d.alive_at, 0) AND s.believed_at >= d.rolled_until
    THEN s.believed_at WHEN COALESCE(d.alive_at, 0) >= d.rolled_until THEN d.alive_at ELSE d.rolled_until END"""
_SINCE = "CASE WHEN s.belief = 'degraded' THEN s.since ELSE s.pending_since END"
_NEW_WORDS = "its contacts are a check of their own now"

#: What is lost or slow among several contacts is a check of its own; until now their endpoint was degraded. What was
#: told stays told: an incident goes over to the new check with all that was booked of it. The old check is up from when
#: healthmon was last alive on, so that its meter has shown the time before; the new one goes back to the beginning.
_CONTACTS = (
    f"""INSERT INTO checks (pbx, technology, resource, name, kind, watch, watched_since)
        SELECT c.pbx, c.technology, c.resource, 'contacts', c.kind, c.watch, {_SINCE}
        FROM checks c JOIN states s ON s.check_id = c.id
        WHERE {_REACHABILITY} AND (s.belief = 'degraded' OR s.pending = 'degraded')""",  # noqa: S608
    f"""INSERT INTO states (check_id, watched_since, belief, since, believed_at, reason, remark,
            pending, pending_since, not_up_since, down_since, veil, veiled_since, ever_up, is_flapping, down_after,
            pending_hold, pending_hold_why)
        SELECT n.id, n.watched_since, CASE WHEN s.belief = 'degraded' THEN 'degraded' ELSE 'up' END, n.watched_since,
            CASE WHEN s.belief = 'degraded' THEN s.believed_at ELSE n.watched_since END,
            CASE WHEN s.belief = 'degraded' THEN s.reason ELSE '' END, s.remark,
            CASE WHEN s.pending IN ('up', 'degraded') THEN s.pending END, s.pending_since,
            COALESCE(s.not_up_since, n.watched_since), NULL, s.veil, s.veiled_since, TRUE, FALSE, s.down_after,
            CASE WHEN s.pending IN ('up', 'degraded') THEN s.pending_hold ELSE 0 END,
            CASE WHEN s.pending IN ('up', 'degraded') THEN s.pending_hold_why ELSE '' END
        FROM {_LOST}""",  # noqa: S608
    f"""INSERT INTO words (text, last_used)
        SELECT '{_NEW_WORDS}', COALESCE((SELECT MAX(alive_at) FROM daemon), 0) WHERE EXISTS ({_OF_LOST})""",  # noqa: S608
    f"""INSERT INTO transitions (check_id, old_health, new_health, at, believed_at, cause)
        SELECT n.id, NULL, CASE WHEN s.belief = 'degraded' THEN 2 ELSE 1 END, n.watched_since,
            CASE WHEN s.belief = 'degraded' THEN s.believed_at ELSE n.watched_since END,
            COALESCE((SELECT MAX(t.cause) FROM transitions t WHERE t.check_id = c.id AND t.at = s.since
                AND s.belief = 'degraded' AND t.new_health = 2), (SELECT id FROM words WHERE text = '{_NEW_WORDS}'))
        FROM {_LOST}""",  # noqa: S608
    f"""INSERT INTO veils (check_id, since, until, why) SELECT n.id, v.since, v.until, v.why
        FROM veils v JOIN checks c ON c.id = v.check_id {_BESIDE}
        WHERE {_REACHABILITY} AND v.until > n.watched_since""",  # noqa: S608
    f"""INSERT INTO transitions (check_id, old_health, new_health, at, believed_at, cause)
        SELECT c.id, 2, 1, {_LAST_ALIVE}, {_LAST_ALIVE}, (SELECT id FROM words WHERE text = '{_NEW_WORDS}')
        FROM daemon d CROSS JOIN checks c {_BESIDE} WHERE {_REACHABILITY} AND s.belief = 'degraded'""",  # noqa: S608
    f"""UPDATE incidents SET check_name = 'contacts'
        WHERE closed_at IS NULL AND check_name = 'reachability' AND health = 'degraded' AND flapping = 0
        AND EXISTS (SELECT 1 FROM {_LOST} AND s.belief = 'degraded' AND c.pbx = incidents.pbx
            AND c.technology = incidents.technology AND c.resource = incidents.resource)""",  # noqa: S608
    # What was down and about to be degraded is about to be up; nothing else that is pending and not down is left.
    f"""UPDATE states SET pending = 'up' WHERE pending = 'degraded' AND belief = 'down'
        AND check_id IN ({_OF_LOST})""",  # noqa: S608
    f"""UPDATE states SET pending = NULL, not_up_since = NULL, down_since = NULL, pending_hold = 0,
        pending_hold_why = '' WHERE check_id IN ({_OF_LOST}) AND (belief IS NULL OR belief <> 'down')
        AND (pending IS NULL OR pending <> 'down')""",  # noqa: S608
    f"""UPDATE states SET not_up_since = pending_since
        WHERE check_id IN ({_OF_LOST}) AND belief = 'degraded' AND pending = 'down'""",  # noqa: S608
    f"""UPDATE states SET belief = 'up', reason = '{_NEW_WORDS}',
        since = (SELECT MAX(t.at) FROM transitions t WHERE t.check_id = states.check_id),
        believed_at = (SELECT MAX(t.at) FROM transitions t WHERE t.check_id = states.check_id)
        WHERE check_id IN ({_OF_LOST}) AND belief = 'degraded'""",  # noqa: S608
    f"UPDATE states SET remark = '' WHERE check_id IN ({_OF_LOST})",  # noqa: S608
)

#: What the wall clock shows when such a silence ends; its ``until`` is when that is, by the clock as it is set now.
_SILENCES_WALL_UNTIL = (
    "ALTER TABLE silences ADD COLUMN wall_until DOUBLE PRECISION",
    "UPDATE silences SET wall_until = until + (SELECT MAX(clock_shift) FROM daemon) WHERE by_wall",
)

#: Which checks of an endpoint are no part of what it is, as its watch section says.
_COUNTS = ("ALTER TABLE states ADD COLUMN counts BOOLEAN NOT NULL DEFAULT TRUE",)

#: What people call an endpoint: the name in its caller id. That no reload is known has the settings read anew.
_CALLER_NAMES = (
    "ALTER TABLE settings ADD COLUMN caller_name TEXT NOT NULL DEFAULT ''",
    "UPDATE pbx_states SET last_reload_time = ''",
)

#: What the manager interface tells of registered contacts: the address behind NAT, and until when they are registered.
_CONTACT_DETAILS = (
    "ALTER TABLE contacts ADD COLUMN own_address TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE contacts ADD COLUMN expires_at DOUBLE PRECISION NOT NULL DEFAULT 0",
)

#: What those who watch healthmon itself want to know: of each PBX, and of the engine (as JSON).
_WORKLOAD = (
    *(
        f"ALTER TABLE freshness ADD COLUMN {column} INTEGER NOT NULL DEFAULT 0"
        for column in ("events", "streams", "dropped")
    ),
    "ALTER TABLE daemon ADD COLUMN workload TEXT NOT NULL DEFAULT '{}'",
)

#: Where an endpoint is asked by OPTIONS of our own (JSON; null: not read yet), and whether Asterisk checks it as well.
_WAYS = (
    "ALTER TABLE settings ADD COLUMN ways TEXT NOT NULL DEFAULT 'null'",
    "ALTER TABLE settings ADD COLUMN takes_2xx_only BOOLEAN NOT NULL DEFAULT FALSE",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _SECOND,
    _THIRD,
    _PLACES,
    _LIFE,
    _QUIET,
    _PULSE,
    _DAILY,
    _ROUND_TRIPS,
    _REPORTS,
    _MEMORY,
    _FLAPPING,
    _SIZES,
    _SIDE_BY_SIDE,
    _AORS,
    _LOSSES,
    _HOLDS,
    _UNSEEN,
    _TICKETS,
    _RECIPIENTS,
    _RESTARTS,
    _OUTAGES,
    _FALLS,
    _MARKS,
    _INSTANCES,
    _MEASUREMENTS,
    (*_SILENCES_BY_WALL, *_DEFECTS),
    _CONTACTS,
    _SILENCES_WALL_UNTIL,
    _COUNTS,
    _CALLER_NAMES,
    _CONTACT_DETAILS,
    _WORKLOAD,
    _WAYS,
)
