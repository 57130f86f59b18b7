"""The paragraphs of a message: one for each incident, or for things that went down together. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from healthmon.model import Check, Incident, Kind, Reason
from healthmon.notify.compose.bunches import bunched, is_cohort
from healthmon.notify.compose.group_sentences import causes_of_group, causes_of_providers, first_of_group
from healthmon.notify.compose.message_lines import LineRank, MessageLine, State, named
from healthmon.notify.compose.naming import LIST_CHARACTERS, counted, counts, headline, listed_names, names, said
from healthmon.notify.compose.not_back import not_back
from healthmon.notify.compose.voice import Voice
from healthmon.text.lists import listed
from healthmon.text.longtext import cut
from healthmon.text.visible import visible
from healthmon.times.lengths import DAY, HOUR

#: No name in a body is longer than this, and no cause in a small one.
_LONGEST_TEXT = 200
#: No cause in a body with room is longer than this: what to do about it stands at its end.
_LONGEST_CAUSE = 600
#: So many incidents that ended otherwise get a line each.
_MOST_ENDED = 10


class Paragraph(Struct, frozen=True):
    """Some lines of a message, and how they read."""

    text: str
    lines: tuple[MessageLine, ...]


def paragraphs(group: Sequence[MessageLine], voice: Voice, *, is_small: bool) -> list[Paragraph]:
    """Write what is told about lines of one sort; not of what ended without a recovery.

    ``is_small``: the body has little room.
    """
    longest_cause = _LONGEST_CAUSE
    if is_small:
        longest_cause = _LONGEST_TEXT
    if group[0].state is State.ENDED:
        return []
    if group[0].state is State.NOT_SEEN:
        return [_of_long_gone(group, voice)]
    return [_of_bunch(bunch, voice, longest_cause) for bunch in bunched(group)]


def _of_long_gone(lines: Sequence[MessageLine], voice: Voice) -> Paragraph:
    """Tell what has been down for long in one line, each with its beginning."""
    lasted = min(line.incident.lasted(voice.now) for line in lines)
    unit = HOUR
    if lasted >= DAY:
        unit = DAY
    words = voice.text(
        "{which}: not seen for more than {duration}: {names}",
        which=counted(lines, voice, state=False),
        duration=voice.duration(lasted // unit * unit),
        names=listed(
            [f"{said(line.kind, line.full_name, voice)} ({voice.clock(line.incident.since)})" for line in lines],
            LIST_CHARACTERS,
        ),
    )
    return Paragraph("\n".join([words, *_repeated(lines, voice)]), tuple(lines))


def _of_bunch(lines: Sequence[MessageLine], voice: Voice, longest_cause: int) -> Paragraph:
    """Tell things that went down for one cause together: their names, not a paragraph each."""
    first = lines[0]
    if len(lines) == 1:
        return _of_one(first, voice, longest_cause)
    many = listed_names(lines, LIST_CHARACTERS, voice)
    if is_cohort(lines):
        cohort = visible(voice.language.retold(first.incident.cohort))
        words = [f"{cohort}: {counted(lines, voice, state=False)}: {many}", _times_of_bunch(lines, voice)]
        if longest_cause > _LONGEST_TEXT:
            words += causes_of_providers((line.incident for line in lines), first.names, voice)
    else:
        words = [
            f"{counted(lines, voice)}: {many}",
            *_new(first, voice),
            _times_of_bunch(lines, voice),
            *_why(first, voice, longest_cause),
        ]
    numbers = [str(number) for number in sorted(each.incident.id for line in lines for each in line.all)]
    words += [*_facts(first, voice), voice.text("incidents {numbers}", numbers=listed(numbers, LIST_CHARACTERS))]
    return Paragraph("\n".join([*words, *_repeated(lines, voice)]), tuple(lines))


def _times_of_bunch(lines: Sequence[MessageLine], voice: Voice) -> str:
    """Say when the first of them went down, and the last; of what is over, when the last was back."""
    opened = sorted(line.incident.since for line in lines)
    closed = [line.incident.closed_at for line in lines if line.incident.closed_at is not None]
    # What hides one of them mostly hides all.
    unseen_s = max(line.incident.unseen_s for line in lines)
    # … and so does a clock that was set.
    end = max(closed, default=voice.now)
    lasted_s = end - opened[0] - max(line.incident.left_out_s for line in lines)
    if closed:
        return voice.from_to(opened[0], end, lasted_s, unseen_s)
    first, last = (voice.full_time(at) for at in (opened[0], opened[-1]))
    if first == last:
        return voice.since(opened[0], lasted_s, unseen_s)
    return voice.text(
        "since {time}, the last of them since {last}, for {duration}",
        time=first,
        last=last,
        duration=voice.lasted(lasted_s, unseen_s),
    )


def _of_one(line: MessageLine, voice: Voice, longest_cause: int) -> Paragraph:
    title = cut(headline(line, voice), _LONGEST_TEXT)
    if line.state in (State.RESTARTED, State.INFO):
        # That Asterisk was restarted, or has endpoints in maintenance mode, is no outage.
        at = voice.text("at {time}", time=voice.full_time(line.incident.since))
        words = [title, at, cut(visible(voice.language.retold(line.incident.cause)), _LONGEST_TEXT)]
    else:
        words = first_of_group(line, voice) or [title, *_new(line, voice), _times(line.incident, voice)]
        if line.incident.cohort:
            words.append(visible(voice.language.retold(line.incident.cohort)))
        words += [*_why(line, voice, longest_cause), *_facts(line, voice)]
        if not line.kind.is_group:
            words += _around(line, voice)
        words += not_back(line, voice)
    if longest_cause > _LONGEST_TEXT:
        words += causes_of_group(line, voice)
    words += [_place(line, voice), *_repeated(line.all, voice)]
    return Paragraph("\n".join(words), line.all)


def _times(incident: Incident, voice: Voice) -> str:
    lasted_s = incident.lasted(voice.now)
    if incident.closed_at is not None:
        return voice.from_to(incident.since, incident.closed_at, lasted_s, incident.unseen_s)
    return voice.since(incident.since, lasted_s, incident.unseen_s)


def _new(line: MessageLine, voice: Voice) -> Iterator[str]:
    """Say why the reader is told anew of what he knows."""
    if line.row.is_known:
        yield voice.text("you were told of this outage before; now Asterisk does not try again")


def _why(line: MessageLine, voice: Voice, longest: int) -> Iterator[str]:
    if line.incident.cause:
        cause = cut(visible(voice.language.retold(line.incident.cause)), longest)
        if line.kind is Kind.RECEIVER:
            yield voice.text("last error: {error}", error=cause)
        elif line.check == Check.OPTIONS and line.incident.is_partial and line.inside:
            # It began as something worse: nothing was answered.
            yield voice.text("now: {words}", words=cause)
        else:
            yield voice.text("cause: {cause}", cause=cause)


def _facts(line: MessageLine, voice: Voice) -> Iterator[str]:
    """Say what bears on what the reader will do."""
    incident = line.incident
    if incident.degraded_since is not None and not incident.flap_episodes:
        yield voice.text("it was down before, since {time}", time=voice.full_time(incident.outage_since))
    if line.news is LineRank.BAD and incident.is_unseen:
        yield voice.text("nobody knows whether it is down: only healthmon cannot see it, calls may go on as ever")
        if incident.was_down:
            yield voice.text("it was down before")
    if line.news is LineRank.BAD and incident.severity is not line.kind.usual_severity:
        yield voice.text("severity: {severity}", severity=voice.language.retold(incident.severity))
    if line.state is State.ESCALATED:
        yield voice.text("ESCALATED: nobody has acknowledged it")
    if incident.acked_at is not None:
        yield cut(_acknowledged(incident, voice), _LONGEST_TEXT)
    if line.row.reason is Reason.STABLE and incident.is_open:
        yield voice.text("until now it came and went; now it stays so")
    elif line.state in (State.UP, State.STABLE) and incident.flap_episodes:
        yield voice.text("it came and went in this time: the report says for how long it was down")
    elif line.state is State.FLAPPING:
        yield voice.text(
            "it changes so often that short changes are not told; you will hear when it is stable, or down for longer"
        )
        yield voice.text("counted are changes that were seen and lasted 2 s; the history has those that were believed")


def _acknowledged(incident: Incident, voice: Voice) -> str:
    """Say who took note of it, so that the others need not ask."""
    who = voice.text("acknowledged by {who}", who=visible(incident.acked_by))
    if incident.ack_reason:
        return f"{who}: {visible(incident.ack_reason)}"
    return who


def _around(line: MessageLine, voice: Voice) -> Iterator[str]:
    """Say how it is now, what is not told because this explains it, and what is over within it."""
    incident = line.incident
    if incident.ending is not None:
        words = voice.language.retold(incident.closed_words or incident.ending)
        yield voice.text("now: {words}", words=visible(words))
    smaller = [named(other, line.names) for other in line.explained if other.id not in line.row.told]
    if smaller:
        yield voice.text(
            "explains {counts} of which you are not told: {names}",
            counts=counts(smaller, voice),
            names=names(smaller, voice),
        )
    if line.news is not LineRank.BAD:
        return
    for over in line.inside:
        yield voice.text(
            "it can be reached again, and could not be {times} (incident {number})",
            times=_times(over.incident, voice),
            number=over.incident.id,
        )
        yield from not_back(over, voice)


def _place(line: MessageLine, voice: Voice) -> str:
    """Name the incident, and what Asterisk calls the thing."""
    incident = line.incident
    number = voice.text("incident {number}", number=incident.id)
    if not incident.target.is_endpoint:
        return number
    where = voice.text(
        "{endpoint} on PBX {pbx}", endpoint=cut(visible(incident.target.endpoint), _LONGEST_TEXT), pbx=line.pbx
    )
    return f"{where}, {number}"


def _repeated(lines: Sequence[MessageLine], voice: Voice) -> Iterator[str]:
    if any(line.row.possibly_repeated for line in lines):
        yield voice.text("possibly repeated: an earlier attempt to send this ended without an answer")


def of_ended(lines: Sequence[MessageLine], voice: Voice) -> list[Paragraph]:
    """Write a line for each that ended without a recovery."""
    if not lines:
        return []
    words = [_ended(line, voice) for line in lines[:_MOST_ENDED]]
    if len(lines) > _MOST_ENDED:
        words.append(voice.text("… and {n} more", n=len(lines) - _MOST_ENDED))
    title = voice.text("No longer watched, so no recovery will be told:")
    return [Paragraph("\n".join([title, *words]), tuple(lines))]


def _ended(line: MessageLine, voice: Voice) -> str:
    incident = line.incident
    time = voice.full_time(incident.since)
    since = voice.text("down since {time}", time=time)
    if incident.is_unseen:
        since = voice.text("not seen since {time}", time=time)
    facts = [since, voice.text("incident {number}", number=incident.id)]
    if line.row.possibly_repeated:
        facts.append(voice.text("possibly repeated"))
    name = cut(headline(line, voice, state=False), 100)
    return f"{name}: {voice.language.retold(incident.ending or 'over')} ({', '.join(facts)})"
