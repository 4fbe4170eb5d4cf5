"""Why a process is not ready, or ready but degraded: every cause as data, with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum


class Level(StrEnum):
    """What a cause makes of a process. Callers are sent elsewhere only when it is not ready."""

    NOT_READY = "not ready"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True)
class _Says:
    level: Level
    meaning: str
    action: str


RED, YELLOW = Level.NOT_READY, Level.DEGRADED


class Cause(Enum):
    """All causes; the name of each, in kebab-case, is a contract with whoever watches."""

    DATABASE_AWAY = _Says(
        RED,
        "The database does not answer, or cannot be used: it is not made, not migrated, or refuses the role.",
        "Look whether PostgreSQL runs, and see the detail; the service goes on by itself.",
    )
    WRITER_REFUSED = _Says(
        RED, "The database refuses what is to be recorded.", "See PostgreSQL's log and `regesta doctor`."
    )
    TASK_ENDED = _Says(
        RED, "A part of this process ended, so that nobody does its work.", "Start the process again; its log says why."
    )
    LOG_CLOSED = _Says(
        RED,
        "The log was restored or moved, or ends before what a consumer holds of it; nothing is recorded.",
        "Run `regesta recover`; it takes back what consumers hold, and opens the log.",
    )
    FORKED = _Says(
        RED,
        "A source's log holds other events than the replica of it: it was replaced, or went on after a loss.",
        "Find out which is the true one. `regesta adopt` gives up what only the replica holds, and follows the source.",
    )
    SOURCE_BEHIND = _Says(
        RED,
        "A source's log ends before what the replica of it holds.",
        "Run `regesta recover` there; this service then goes on by itself.",
    )
    SOURCE_CLOCK = _Says(
        RED, "A source is followed no more, for its clock is more than 60 s ahead.", "Set the clocks right."
    )
    BROKER_REFUSED = _Says(
        RED,
        "The broker refuses this service, or shows a certificate that is not trusted.",
        "See the detail; set REGESTA_KAFKA_USER, REGESTA_KAFKA_PASSWORD, REGESTA_KAFKA_CERT_FILE and REGESTA_KAFKA_CA_FILE right and start again, or give the user the rights that docs/howto/kafka.md names.",
    )
    TOPIC_WRONG = _Says(
        RED,
        "The own topic cannot be made, or cannot keep a log: it has several partitions, forgets, or refuses large events; or that of a source which does not answer either.",
        "See the detail, which says what to change; the service goes on by itself.",
    )
    TOPIC_HOLE = _Says(
        RED,
        "A topic lacks events, and the source that could give them does not answer.",
        "Start the source; what the topic lacks is taken from it.",
    )
    TOPIC_UNUSABLE = _Says(
        YELLOW,
        "A source's topic does not keep a log, or cannot be read; its events are taken from the source itself.",
        "See the detail, which says what to change there; the topic is read again by itself.",
    )
    TOPIC_LOST = _Says(
        YELLOW,
        "The topic of the own log is missing, and may have held what the log lacks; nothing is published.",
        "See whether this is the right broker and prefix, or bring the topic back. If it is lost, make it by the command in the detail; the log is then published into it again.",
    )
    TOPIC_WEAK = _Says(
        YELLOW,
        "A topic acknowledges what one broker alone may keep, though the cluster could keep more; what is lost so is taken from the log.",
        "Do what the detail says.",
    )
    TOPIC_LACKING = _Says(
        YELLOW,
        "A topic lacked events of its log; they were taken from the source itself.",
        "Look who deletes from it, or writes beside its service; when it is deleted, its service makes it anew, whole, or tells the command that makes it.",
    )
    TOPIC_FOREIGN = _Says(
        YELLOW,
        "A topic holds records that are no events of its log; they were left out.",
        "Find out who writes into it; only the service whose log it is should have the right to.",
    )
    PROJECTION_STOPPED = _Says(
        RED, "The read models of a log stand still.", "See the error; folding is tried again by itself."
    )
    REACTION_STOPPED = _Says(
        RED, "A reaction stands still at a fact.", "See the error; the reaction is tried again by itself."
    )
    READ_MODEL_BUILDING = _Says(
        RED,
        "A read model of this release is not yet as far as that of the release before.",
        "Wait; leave the old release running.",
    )
    LAG = _Says(
        RED,
        "A read model, or what was published of the own log, is more events behind than REGESTA_LAG_LIMIT_EVENTS.",
        "See `regesta lag`; when the figure does not fall, start a worker more or look at the database.",
    )
    REBUILD_STOPPED = _Says(
        YELLOW,
        "A rebuild does not go on; the read model in use does.",
        "See the error and the log of the process; the rebuild is tried again by itself.",
    )
    PARKED = _Says(
        YELLOW, "Streams stand still in a read model at an event that cannot be folded.", "See `regesta park list`."
    )
    SOURCE_AWAY = _Says(
        YELLOW,
        "Another service does not answer, so that its newest facts are missing here.",
        "Start it; what it records meanwhile is taken in then.",
    )
    TOPIC_MISSING = _Says(
        YELLOW,
        "A source has no topic; its events are taken from the source itself.",
        "Let the source use Kafka too: it makes its topic when it starts.",
    )
    BROKER_AWAY = _Says(
        YELLOW,
        "The broker does not answer, so that what is recorded here and elsewhere is not passed on.",
        "Look whether Kafka runs; what was recorded meanwhile is passed on then.",
    )
    ISSUER_AWAY = _Says(
        YELLOW,
        "The issuer has not given its keys yet, so that no token can be checked; requests are answered 503.",
        "Start it, or see REGESTA_JWKS; it is asked again when a request comes.",
    )
    LATER_RELEASE = _Says(
        YELLOW,
        "A reaction waits at a fact of a later release, which this process cannot read.",
        "Go on with the upgrade: a process of the later release reacts to it.",
    )
    TYPE_UNKNOWN = _Says(
        YELLOW,
        "A log holds events of types that this release does not know; they are kept, and left out of its read models.",
        "Update this service to the release that knows them; `regesta lag` says which read models went past them.",
    )
    QUEUE_FULL = _Says(
        YELLOW,
        "More wait to be decided or recorded than may; commands are answered 503 with Retry-After.",
        "Let callers be fewer or slower, or see `regesta doctor` for why the database is slow.",
    )
    CLOCK_BEHIND = _Says(
        YELLOW,
        "The newest event is later than the database's clock, which was set back or is wrong.",
        "See `regesta doctor` and set the clock right. New events get that event's time until the clock has passed it; nothing is out of order.",
    )

    @property
    def code(self) -> str:
        """Its name in answers."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause as found now. detail: what stands still, with its particulars."""

    cause: Cause
    detail: str

    def shown(self) -> dict[str, str]:
        """Return it as answered."""
        return {"name": self.cause.code, "detail": self.detail, "action": self.cause.value.action}


def level_of(reasons: list[Reason]) -> str:
    """Return what some reasons make of a process: "ok" without any."""
    levels = {reason.cause.value.level for reason in reasons}
    return next((level for level in Level if level in levels), "ok")
