"""What can be wrong with the advisor's questionnaire and papers."""

from __future__ import annotations

from crossdock.core.errors import Misconfigured


class AdviceUnreadable(Misconfigured):
    """The answers for the advisor cannot be used."""

    code = "advice.unreadable"
    hint = "Write a fresh file with `crossdock advise --questions > advice.yaml` and answer with numbers from 0 to 4."


class AdviceNotWritten(Misconfigured):
    """The advisor's paper or records cannot be written there."""

    code = "advice.not_written"
    hint = "Name a file or folder that exists and may be written."
