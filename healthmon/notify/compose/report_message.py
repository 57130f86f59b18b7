"""A scheduled report as a message: a file where the channel takes one, else as much text as there is room. Pure."""

from __future__ import annotations

from healthmon.notify.compose.message import SUBJECT_CHARACTERS, Attachment, Message, Mood
from healthmon.notify.compose.message_facts import facts_without_incidents
from healthmon.notify.compose.voice import Voice
from healthmon.store.outbox.report_book import MadeReport
from healthmon.text.longtext import cut
from healthmon.text.visible import visible

#: Mail servers take some 10 MB, and a file grows by a third on its way.
LARGEST_ATTACHMENT_BYTES = 7_000_000


def compose_report(
    report: MadeReport, voice: Voice, *, most_characters: int, attaches: bool, possibly_repeated: bool = False
) -> Message:
    """Make the message; ``attaches``: the channel takes a file, and has not refused this one."""
    facts = {**facts_without_incidents("report", voice.now), "possibly_repeated": possibly_repeated}
    name = visible(report.schedule)
    end = [voice.text("Written {time}.", time=voice.dated_time(voice.now))]
    if possibly_repeated:
        end.insert(0, voice.text("possibly repeated: an earlier attempt to send this ended without an answer"))
    if report.trouble:
        subject = voice.text("REPORT {name} could not be made", name=name)
        body = "\n".join([*_trouble(report, voice), *end])
        return Message(cut(subject, SUBJECT_CHARACTERS), cut(body, most_characters), Mood.WARNING, facts)
    attachment, content = None, report.content.encode()
    if attaches and 0 < len(content) <= LARGEST_ATTACHMENT_BYTES:
        attachment = Attachment(report.file_name, report.media_type, content)
        end.insert(0, voice.text("The whole report is attached: {file}", file=attachment.name))
    subject = cut(voice.text("REPORT {name} {day}", name=name, day=report.day), SUBJECT_CHARACTERS)
    body = _body(report, voice, end, most_characters, is_attached=attachment is not None)
    return Message(subject, body, Mood.INFO, facts, attachment=attachment)


def _trouble(report: MadeReport, voice: Voice) -> list[str]:
    name = visible(report.schedule)
    return [
        voice.text(
            "The {name} report of {day} could not be made: {why}", name=name, day=report.day, why=report.trouble
        ),
        voice.text(
            "It is not tried again before its next time. Now: {command}", command=f"healthmon schedule run {name}"
        ),
    ]


def _body(report: MadeReport, voice: Voice, end: list[str], most_characters: int, *, is_attached: bool) -> str:
    """Write the text and its end; where there is no room, the text loses whole lines."""
    text, tail = report.text.rstrip("\n"), "\n".join(end)
    if len(text) + len(tail) + 2 <= most_characters:
        return f"{text}\n\n{tail}"
    if not is_attached:
        tail = voice.text("The whole: {command}", command=report.command) + f"\n{tail}"
    room = max(most_characters - len(tail) - 4, 0)
    kept = text
    if len(text) > room:
        kept = text[: room + 1].rpartition("\n")[0]
    return cut(f"{kept or text[:room]}\n…\n{tail}", most_characters)
