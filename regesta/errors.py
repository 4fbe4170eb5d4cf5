"""The error tree. Each class is one reason, with the code of its problem type and its HTTP status. Pure.

RegestaError
├── BadInput (400 to 422)
│   ├── Malformed              400  the body is not what the route reads
│   │   ├── MalformedJson      400
│   │   ├── NulCharacter       400
│   │   ├── DuplicateMember    400
│   │   ├── NumberTooLarge     400
│   │   ├── UnknownParameter   400
│   │   └── RepeatedParameter  400
│   ├── UnknownCommand         400
│   ├── InvalidInput           422  one or more fields are wrong; each with its pointer and value
│   │   ├── UnknownField       422
│   │   ├── MissingField       422
│   │   ├── WrongType          422
│   │   ├── UnknownValue       422
│   │   ├── OutOfRange         422
│   │   ├── ControlCharacter   422
│   │   └── ImpossibleDate     422
│   ├── DamagedBackup          422  a backup that is not as it was written, or cut
│   ├── ForeignBackup          422  a backup of another service
│   ├── UnknownReference       422  an objective or dossier of another service that it does not know
│   ├── KeyReused              422  an idempotency key that came with another body before
│   ├── TooLarge               413  a body or a line above its limit
│   └── UnsupportedMedia       415
├── Unauthenticated            401  no token, or one that is expired, malformed or from another issuer
├── Forbidden                  403  a token without the scope, role or unit
│   └── MayNotReport           403  a fact of another system, from a token that is no connector
├── NotFound                   404
├── WrongMethod                405
├── Refused                    409  a rule of the domain says no; domains derive their own, one per rule
│   ├── EvidenceMissing        409
│   ├── Differs                409  same reference, other content
│   │   └── WithdrawalDiffers  409
│   └── NotWithdrawable        409
├── StaleVersion               412  If-Match, If-None-Match: the stream has another version
├── Forked                     409  two logs differ at one position
├── UnreadableFact             409  a stream with a fact that cannot be read; nothing is decided on it
├── NotEmpty                   409  a database that a backup would be mixed with
├── NotRecoverable             409  a log that lacks events which nobody who answers can give back
├── CutGone                    410  a cut that names events which were given up since
├── Busy                       503  a full queue, a contended stream, a database that is away; try again
│   ├── LaterRelease           503  a fact that only a later release can read; a process of that one can answer
│   ├── LogBehind              503  the log lacks events that others hold, or that they may hold
│   └── DiskFull               503
├── OutcomeUnknown             503  no answer of the log in time; try again, with the same key
├── SourceUnreachable          503  another service did not answer
├── NotYet                     504  `at_least` was not reached in time
└── Misconfigured                   the process refuses to start
    └── DatabaseAway                the database is away, not made or not migrated; a process that serves waits for it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeAlias

# Members of every problem document, which no detail may have the name of: it would be lost.
STANDARD = frozenset({"type", "title", "title_fr", "title_nl", "status", "detail"})

Detail: TypeAlias = "str | int | float | bool | Sequence[Detail] | Mapping[str, Detail] | None"


class RegestaError(Exception):
    """Base of every error a user can meet. `details` are extra members of the problem document."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    retry_after_seconds: ClassVar[int | None] = None

    def __init__(self, message: str, **details: Detail) -> None:
        super().__init__(message)
        assert STANDARD.isdisjoint(details), f"a problem has members of its own of these names: {sorted(details)}"
        self.details = details


class BadInput(RegestaError):
    """The request itself is wrong."""

    code = "bad-input"
    status = 400


class Malformed(BadInput):
    """The body or a parameter cannot be read at all."""

    code = "malformed"


class MalformedJson(Malformed):
    """A body or line that is no JSON, or not UTF-8."""

    code = "malformed-json"


class NulCharacter(Malformed):
    """The character NUL, which no text of a log can hold."""

    code = "nul-character"


class DuplicateMember(Malformed):
    """A JSON object with one member twice."""

    code = "duplicate-member"


class NumberTooLarge(Malformed):
    """A number beyond 64 bits."""

    code = "number-too-large"


class UnknownParameter(Malformed):
    """A query parameter that the route does not have: a typing error would silently ask something else."""

    code = "unknown-parameter"


class RepeatedParameter(Malformed):
    """A query parameter that comes more than once: only one of its values would be heard."""

    code = "repeated-parameter"


class InvalidInput(BadInput):
    """Fields are wrong. details.errors: [{pointer, message, value}]; the type is that of the first."""

    code = "invalid-input"
    status = 422


class UnknownField(InvalidInput):
    """A member that the command does not have."""

    code = "unknown-field"


class MissingField(InvalidInput):
    """A member that the command needs."""

    code = "missing-field"


class WrongType(InvalidInput):
    """A value of another JSON type than the field's."""

    code = "wrong-type"


class UnknownValue(InvalidInput):
    """A value that is none of those that the field can have."""

    code = "unknown-value"


class OutOfRange(InvalidInput):
    """A number, such as negative money, or a length outside what the field allows."""

    code = "out-of-range"


class ControlCharacter(InvalidInput):
    """A reference or a name with a line break, or with a character that is not seen or turns the text around it."""

    code = "control-character"


class ImpossibleDate(InvalidInput):
    """A date that no calendar has, or a form of date that is not kept."""

    code = "impossible-date"


class UnknownCommand(BadInput):
    """A bulk line with a command that the service does not have."""

    code = "unknown-command"


class DamagedBackup(BadInput):
    """A backup of which a line is not as it was written, or missing; details.line names it."""

    code = "damaged-backup"
    status = 422


class ForeignBackup(BadInput):
    """A backup of another service's log."""

    code = "foreign-backup"
    status = 422


class UnknownReference(BadInput):
    """A stream of another service that this service has not seen, with that service's whole log read."""

    code = "unknown-reference"
    status = 422


class KeyReused(BadInput):
    """An idempotency key that stands for another request already."""

    code = "key-reused"
    status = 422


class TooLarge(BadInput):
    """A body or a line is larger than the route reads."""

    code = "too-large"
    status = 413


class UnsupportedMedia(BadInput):
    """A content type this route does not read."""

    code = "unsupported-media"
    status = 415


class Unauthenticated(RegestaError):
    """No acceptable bearer token."""

    code = "unauthenticated"
    status = 401


class Forbidden(RegestaError):
    """The token is good but does not allow this."""

    code = "forbidden"
    status = 403


class MayNotReport(Forbidden):
    """Only a connector reports what another system did: a reported fact is recorded even when it breaks a rule."""

    code = "may-not-report"


class NotFound(RegestaError):
    """Nothing is known under this name."""

    code = "not-found"
    status = 404


class WrongMethod(RegestaError):
    """A method that the address does not have; Allow names those it has."""

    code = "wrong-method"
    status = 405


class Refused(RegestaError):
    """A rule of the domain says no. Domains derive one class per rule."""

    code = "refused"
    status = 409

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that are broken, which a reported fact is recorded with."""
        return (self.code,)


class EvidenceMissing(Refused):
    """Steps that must come first are missing. missing: exactly these, each with the rule that it is of."""

    code = "evidence-missing"

    def __init__(self, message: str, rules: tuple[str, ...], *, missing: Detail) -> None:
        super().__init__(message, missing=missing)
        self._rules = rules

    @property
    def rules(self) -> tuple[str, ...]:
        """Those of the steps."""
        return self._rules


class Differs(Refused):
    """The same reference is recorded with other content."""

    code = "differs"


class WithdrawalDiffers(Differs):
    """The step is withdrawn already, for another reason."""

    code = "withdrawal-differs"


class NotWithdrawable(Refused):
    """The named event is not a step of this stream that stands."""

    code = "not-withdrawable"


class StaleVersion(RegestaError):
    """If-Match or If-None-Match asks for another version of the stream than it has now."""

    code = "stale-version"
    status = 412


class Forked(RegestaError):
    """A source's log and this replica of it differ at one position, or the source is shorter."""

    code = "forked"
    status = 409


class UnreadableFact(RegestaError):
    """A fact of the stream is not what its contract says, or not what its fold can take: nothing is decided on the stream.

    No 503, for it does not pass by itself; a reaction that meets it parks this one stream and goes on with all others.
    """

    code = "unreadable-fact"
    status = 409


class NotEmpty(RegestaError):
    """A database that holds something already: a backup is restored into an empty one only."""

    code = "not-empty"
    status = 409


class NotRecoverable(RegestaError):
    """Nobody who answers holds what the log lacks, or some consumers did not answer. Nothing was opened."""

    code = "not-recoverable"
    status = 409


class CutGone(RegestaError):
    """A cut names events of a log that was given up for another; details.adoption says when and by whom."""

    code = "cut-gone"
    status = 410


class Busy(RegestaError):
    """A queue is full, the stream is contended, or the database is away; nothing was recorded."""

    code = "busy"
    status = 503
    retry_after_seconds = 1


class LaterRelease(Busy):
    """A fact here was recorded by a later release and cannot be read by this one; a process of that release can."""

    code = "later-release"


class LogBehind(Busy):
    """The log was restored or is shorter than what others hold of it: nothing may be recorded before it is recovered."""

    code = "log-behind"
    retry_after_seconds = 5


class DiskFull(Busy):
    """PostgreSQL has no space left for the log; nothing was recorded."""

    code = "disk-full"
    retry_after_seconds = 5


class OutcomeUnknown(RegestaError):
    """The log did not answer in time: this may be recorded or not. Sent again with its key or reference, it is recorded once."""

    code = "outcome-unknown"
    status = 503
    retry_after_seconds = 2


class SourceUnreachable(RegestaError):
    """Another service had to be asked and did not answer; nothing was recorded."""

    code = "source-unreachable"
    status = 503
    retry_after_seconds = 2


class NotYet(RegestaError):
    """The position asked for by `at_least` was not reached in time; details.reached says how far it is."""

    code = "not-yet"
    status = 504


class Misconfigured(RegestaError):
    """The process must not start like this."""

    code = "misconfigured"


class DatabaseAway(Misconfigured):
    """The database cannot be used as it is now: it is away, not made or not migrated. Others can mend that."""
