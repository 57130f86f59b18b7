"""What can go wrong while the lab gets its programs ready or starts them.

LabError                 everything below; its text is a whole sentence
  NotInMirror            the mirror has no such suite, package or version: no use to try again
  DownloadFailed         still wrong after all retries
  StartFailed            a program did not become ready; its log is in the text
"""


class LabError(Exception):
    """The lab could not do what a test asked of it; no fault of the code under test."""


class NotInMirror(LabError):
    """The mirror answered, and does not carry what we asked for."""


class DownloadFailed(LabError):
    """A file could not be had whole and with the right checksum, in spite of retries."""


class StartFailed(LabError):
    """A program ended, or did not become ready before its deadline."""
