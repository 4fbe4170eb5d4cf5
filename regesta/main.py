"""How a process runs a service: api | worker | all | install | migrate | rebuild | refill | doctor."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import httpx2
import uvloop
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware import Middleware

from regesta import bulk, feed, health, operation, problem, replicas, streams, telemetry
from regesta import rebuild as rebuilds
from regesta import refill as refills
from regesta.admission import Admission, Rooms
from regesta.auth import Verifier, require_keys
from regesta.beside import Beside
from regesta.blanks import Blanks
from regesta.bus import Carrier, Intake
from regesta.calendar import AGGREGATE as CALENDAR
from regesta.calendar import RULE as START_DAY
from regesta.calendar import keep_calendar
from regesta.checkpoint import add_builds
from regesta.database import Passwords, check_durable, create_service, migrate, migrations, password_of
from regesta.decider import Decider
from regesta.doctor import examine, target_of
from regesta.elsewhere import Elsewhere
from regesta.errors import Forked, Misconfigured, SourceUnreachable
from regesta.event import Registry
from regesta.findings import Status
from regesta.followed import FollowedFeed
from regesta.follower import Follower
from regesta.gauges import measure_always
from regesta.keys import forget_always
from regesta.outage import reaching
from regesta.parked import ParkedStreams
from regesta.projection import Projection
from regesta.reaction import Here, Reacting
from regesta.readers import Readers
from regesta.rebuild import Rebuild
from regesta.rebuilder import Rebuilder
from regesta.recovery import Guard, Recovery
from regesta.reference import References
from regesta.relay import Relay
from regesta.remarks import Remarks
from regesta.routing import Readdressed
from regesta.runtime import Runtime, Service
from regesta.seal import OwnSeal, SourceSeal
from regesta.server import server_of
from regesta.settings import Settings, read_settings
from regesta.shared import Shared
from regesta.source import FeedClient
from regesta.starting import Starting
from regesta.store import PostgresStore
from regesta.web import command_router

# A full collection walks through all that a large letter is made of, so these come seldom: most garbage goes without.
GC_THRESHOLDS = (30_000, 100, 10)
PROGRESS_SECONDS = 0.5
# As shells call the end of a program by Ctrl-C.
INTERRUPTED = 130
# How long the thread of regesta.aside may keep the event loop waiting, each time this asks for the interpreter.
SWITCH_SECONDS = 0.001

if TYPE_CHECKING:
    from regesta.published import PublishedLog

logger = logging.getLogger(__name__)


def registry_of(service: Service) -> Registry:
    """Return the registry of all events a service may read: its own and those it takes in."""
    return Registry(service.events, *service.sources.values())


@asynccontextmanager
async def running(service: Service, settings: Settings, *, worker: bool = True) -> AsyncIterator[Runtime]:
    """Run a service in this process: its store and decider, and with `worker` its intake, projections and reactions.

    Raises Misconfigured when the database would lose what it acknowledged, or a file that it needs cannot be read, DatabaseAway
    when it cannot be used now.
    """
    registry, database = registry_of(service), settings.database_url.get_secret_value()
    async with AsyncExitStack() as stack:
        store = PostgresStore(service.name, database, registry, pool_size=settings.pool_size)
        await stack.enter_async_context(store)
        with reaching(database):
            async with store.pool.acquire() as connection:
                await check_durable(connection, allow_unsafe=settings.allow_unsafe_database)
            followers = await _followers(service, store)
        verifier = Verifier(settings.issuer, settings.audience, settings.jwks)
        await verifier.open()
        client = await stack.enter_async_context(httpx2.AsyncClient())
        feed = partial(FeedClient, client, token=_token(service, settings), registry=registry)
        carriers = _carriers(service, settings, feed)
        consumers = _consumers(service, settings, feed)
        relay, remarks = None, list[Remarks]()
        if settings.carrier == "kafka":
            pipes, relay, topic, remarks = await _over_kafka(stack, store, settings, carriers)
            consumers[topic.name] = topic
        else:
            pipes = _followed(stack, carriers)
        references = References(store, carriers)
        elsewhere = Elsewhere(store, references, service.elsewhere)
        decider = Decider(store, (*service.aggregates, CALENDAR), (*service.rules, START_DAY), elsewhere)
        reactings = [Reacting(Here(store, store.pool), decider, reaction) for reaction in service.reactions]
        runtime = Runtime(
            service=service,
            store=store,
            pool=store.pool,
            verifier=verifier,
            readers=Readers(store.pool, settings.pool_size),
            decider=decider,
            references=references,
            followers=followers,
            intakes=[Intake(store, source, pipes[source], carrier) for source, carrier in carriers.items()],
            reactings=reactings,
            rebuilder=Rebuilder(store, store.pool, service.projections),
            guard=Guard(store, consumers),
            recovery=Recovery(store, consumers),
            parked=ParkedStreams(store, store.pool, [*service.projections, *reactings]),
            relay=relay,
            remarks=remarks,
            beside=Beside(store.pool),
            lag_limit_events=settings.lag_limit_events,
            rooms=Rooms(),
            blanks=Blanks(store),
            found=Shared(),
            store_tasks=store.tasks,
        )
        store.on_turn(_forget(runtime))
        _start(runtime, worker=worker)
        _watch(runtime)
        try:
            yield runtime
        finally:
            runtime.stopping = True
            for task in runtime.tasks:
                task.cancel()
            await asyncio.gather(*runtime.tasks, return_exceptions=True)


def _token(service: Service, settings: Settings) -> str:
    """Return what this service shows to others. Raises Misconfigured when it needs a token and has none."""
    if settings.service_token is not None:
        return settings.service_token.get_secret_value()
    if settings.token_file is not None:
        try:
            return settings.token_file.read_text().strip()
        except OSError as error:
            raise Misconfigured(f"REGESTA_TOKEN_FILE cannot be read: {error}") from error
    if service.sources or settings.consumers:
        raise Misconfigured(
            "REGESTA_SERVICE_TOKEN must be the token for the feeds of other services, or REGESTA_TOKEN_FILE name it"
        )
    return ""


def _carriers(service: Service, settings: Settings, feed: Callable[[str], FeedClient]) -> dict[str, FeedClient]:
    """Return the feed of each source. Raises Misconfigured when an address is missing."""
    return {source: feed(address) for source, address in _addresses(service, settings).items()}


def _addresses(service: Service, settings: Settings) -> dict[str, str]:
    for source in service.sources:
        if source not in settings.sources:
            raise Misconfigured(f"REGESTA_SOURCES has no address of {source!r}")
    return {source: f"{settings.sources[source].rstrip('/')}/{source}/v1" for source in service.sources}


async def _require(service: Service, settings: Settings) -> None:
    """Raise Misconfigured for what no database mends by coming back; it is said at once, also while that is away."""
    _token(service, settings)
    _addresses(service, settings)
    await require_keys(settings.jwks)
    if settings.carrier == "kafka":
        from regesta import broker  # noqa: PLC0415 - who uses feeds does without aiokafka

        broker.broker_of(settings)


def _followed(stack: AsyncExitStack, feeds: Mapping[str, FeedClient]) -> dict[str, Carrier]:
    """Return the feed of each source as an intake reads it."""
    pipes: dict[str, Carrier] = {}
    for source, origin in feeds.items():
        pipe = FollowedFeed(origin)
        stack.push_async_callback(pipe.close)
        pipes[source] = pipe
    return pipes


async def _over_kafka(
    stack: AsyncExitStack, store: PostgresStore, settings: Settings, origins: Mapping[str, FeedClient]
) -> tuple[dict[str, Carrier], Relay, PublishedLog, list[Remarks]]:
    """Return the topic of each source, the relay of the own log, what it published, and remarks on all these. Raises Misconfigured."""
    from regesta import broker, kafka, published, topic  # noqa: PLC0415 - who uses feeds does without aiokafka

    cluster = broker.broker_of(settings)
    pipes: dict[str, Carrier] = {}
    remarks: list[Remarks] = []
    for source, origin in origins.items():
        seals = SourceSeal(store.pool, source, origin)
        pipe = kafka.KafkaCarrier(cluster, store.service, source, store.registry, origin, seals=seals)
        stack.push_async_callback(pipe.close)
        pipes[source] = pipe
        remarks.append(pipe.remarks)
    seal = OwnSeal(store.pool)
    own = published.PublishedLog(cluster, store, seal)
    relay = Relay(store, topic.KafkaPublisher(cluster, store.service, store.registry, seal), own.may_be_made)
    return pipes, relay, own, [*remarks, relay.remarks]


def _consumers(service: Service, settings: Settings, feed: Callable[[str], Carrier]) -> dict[str, Carrier]:
    """Return what each consumer offers of this service's log: its replica."""
    return {
        name: feed(f"{url.rstrip('/')}/{name}/v1/replicas/{service.name}") for name, url in settings.consumers.items()
    }


async def _followers(service: Service, store: PostgresStore) -> dict[str, Follower]:
    by_source: dict[str, list[Projection]] = {}
    for projection in service.projections:
        by_source.setdefault(projection.source, []).append(projection)
    followers = {source: Follower(store, store.pool, source, those) for source, those in by_source.items()}
    for follower in followers.values():
        await follower.open()
    return followers


def _forget(runtime: Runtime) -> Callable[[], Awaitable[None]]:
    """Return what gives up what is in memory of logs that may have become others."""

    async def forget() -> None:
        runtime.decider.forget()
        runtime.references.forget()
        runtime.blanks.forget()
        for follower in runtime.followers.values():
            await follower.reload()

    return forget


def _start(runtime: Runtime, *, worker: bool) -> None:
    jobs = [("decider", runtime.decider.run()), ("guard", runtime.guard.run())]
    if telemetry.measuring():
        jobs.append(("gauges", measure_always(runtime)))
    if worker:
        if runtime.relay is not None:
            jobs.append(("relay", runtime.relay.run()))
        jobs += [(f"intake {intake.source}", intake.run()) for intake in runtime.intakes]
        jobs += [(f"projections {source}", follower.run()) for source, follower in runtime.followers.items()]
        jobs += [(reacting.name, reacting.run()) for reacting in runtime.reactings]
        jobs.append(("beside", runtime.beside.tell_always(partial(health.elsewhere, runtime))))
        jobs.append(("rebuilder", runtime.rebuilder.run()))
        jobs.append(("keys", forget_always(runtime.pool)))
        jobs.append(("calendar", keep_calendar(runtime.decider)))
    runtime.tasks = [asyncio.create_task(job, name=name) for name, job in jobs]


def _watch(runtime: Runtime) -> None:
    """Note a task that ends before it is told to: what it did is done by nobody any more."""

    def ended(task: asyncio.Task[None]) -> None:
        if not runtime.stopping:
            error = None if task.cancelled() else task.exception()
            logger.critical("the task %r ended; start this process again", task.get_name(), exc_info=error)
            runtime.ended.set()

    for task in (*runtime.store_tasks, *runtime.tasks):
        task.add_done_callback(ended)


def create_app(service: Service, settings: Settings, *, worker: bool) -> FastAPI:
    """Return the app of a service; its lifespan runs the service, as soon as its database lets it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        def begin(runtime: Runtime) -> None:
            app.state.runtime = runtime
            gc.collect()
            gc.freeze()
            gc.set_threshold(*GC_THRESHOLDS)
            sys.setswitchinterval(SWITCH_SECONDS)

        await _require(service, settings)
        app.state.starting = Starting(service.name, partial(running, service, settings, worker=worker), begin)
        async with app.state.starting.lasting():
            yield

    # The OpenAPI page with its scripts from here: an administration's network may reach no other host.
    app = FastAPIOffline(
        title=service.title,
        version="1",
        lifespan=lifespan,
        openapi_url=f"{service.prefix}/openapi.json",
        docs_url=f"{service.prefix}/docs",
        redoc_url=None,
        static_url=f"{service.prefix}/docs-assets",
        swagger_ui_oauth2_redirect_url=f"{service.prefix}/docs/oauth2-redirect",
        telemetry={"operation_spans": False, "auto_configure": False},
        middleware=[
            Middleware(Admission, settings.requests_limit, health.paths(service.prefix)),
            Middleware(Readdressed),
        ],
    )
    problem.install(app)
    for router in (  # routes are tried in turn, so those that are asked most often come first
        feed.router,
        command_router(service.routes),
        bulk.router,
        streams.router,
        operation.router,
        replicas.router,
        *service.routers,
    ):
        app.include_router(router, prefix=service.prefix, responses=problem.RESPONSES)
    app.include_router(health.router, prefix=service.prefix)
    app.include_router(health.router, include_in_schema=False)
    return app


async def serve(app: FastAPI, settings: Settings) -> None:
    """Serve one service until the process is told to stop."""
    await server_of(app, [app], settings.host, settings.port).serve()


async def work(service: Service, settings: Settings) -> bool:
    """Run intake, projections and reactions without serving. True when told to stop, False when one of them ended."""
    stop, starting = asyncio.Event(), Starting(service.name, partial(running, service, settings))

    def stopped() -> None:
        stop.set()
        starting.tried.set()

    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stopped)
    await _require(service, settings)
    async with starting.lasting():
        waiting = [asyncio.create_task(event.wait()) for event in (stop, starting.ended)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()
        return not starting.ended.is_set()


async def prepare(service: Service, settings: Settings) -> list[str]:
    """Bring the database of a service to this release; return the migrations applied."""
    if settings.owner_url is None:
        raise Misconfigured("REGESTA_OWNER_URL must name the role that migrates")
    return await migrate(settings.owner_url.get_secret_value(), service.name, migrations(service.migrations))


async def install(service: Service, settings: Settings) -> list[str]:
    """Make the roles and the database of a service where they are missing, and `prepare` it; return the migrations applied.

    The roles get the passwords of the addresses in the settings.
    """
    if settings.admin_url is None or settings.owner_url is None:
        raise Misconfigured(
            "REGESTA_ADMIN_URL must name a role that may make roles, and REGESTA_OWNER_URL that which migrates"
        )
    passwords = Passwords(
        runtime=password_of(settings.database_url.get_secret_value()),
        owner=password_of(settings.owner_url.get_secret_value()),
    )
    await create_service(settings.admin_url.get_secret_value(), service.name, passwords)
    return await prepare(service, settings)


async def rebuild(service: Service, settings: Settings, name: str | None, *, accept: bool = False) -> list[Rebuild]:
    """Rebuild read models (all, or that of one name) beside the live ones, and return what became of it.

    Works in this process, and leaves to others what they work on already.
    """
    chosen = [each for each in service.projections if name in {None, each.name}]
    if not chosen:
        raise Misconfigured(f"{service.name} has no projection {name!r}")
    async with PostgresStore(service.name, settings.database_url.get_secret_value(), registry_of(service)) as store:
        await add_builds(store.pool, chosen)
        asked = [await rebuilds.ask(store.pool, each, "python -m", accept=accept) for each in chosen]
        working = asyncio.create_task(Rebuilder(store, store.pool, service.projections).run())
        try:
            while True:
                now = [await rebuilds.read(store.pool, each.number) for each in asked]
                if all(each.ended for each in now):
                    return now
                for each in now:
                    logger.info("rebuilding %s: %s of %s events", each.projection, each.position, each.wanted)
                await asyncio.sleep(PROGRESS_SECONDS)
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


async def refill(service: Service, settings: Settings, name: str | None) -> list[str]:
    """Empty the replicas (all, or that of one source) with their read models; return what of each is to come again, in words.

    Raises Misconfigured, Forked, SourceUnreachable.
    """
    if name not in {None, *service.sources}:
        raise Misconfigured(f"{service.name} takes in no log {name!r}")
    registry = registry_of(service)
    database = settings.database_url.get_secret_value()
    async with httpx2.AsyncClient() as client, PostgresStore(service.name, database, registry) as store:
        feed = partial(FeedClient, client, token=_token(service, settings), registry=registry)
        origins = _carriers(service, settings, feed)
        chosen = [source for source in service.sources if name in {None, source}]
        return [
            f"{await refills.refill(store, store.pool, source, origins[source])} events of {source}"
            for source in chosen
        ]


def main(service: Service) -> None:
    """Run `python -m services.<name> api|worker|all|install|migrate|rebuild|refill|doctor`."""
    parser = argparse.ArgumentParser(prog=f"python -m services.{service.name}", description=service.title)
    parser.add_argument("role", choices=["api", "worker", "all", "install", "migrate", "rebuild", "refill", "doctor"])
    parser.add_argument("--projection", help="rebuild only this read model")
    parser.add_argument("--source", help="refill only from this service's log")
    parser.add_argument("--accept", action="store_true", help="rebuild: take the new rows even if they differ")
    arguments = parser.parse_args()
    telemetry.log_json()
    telemetry.start(service.name)
    try:
        settings = read_settings()
        if arguments.role in {"api", "all"}:
            uvloop.run(serve(create_app(service, settings, worker=arguments.role == "all"), settings))
        else:
            _work_off(service, settings, arguments)
    except Misconfigured as error:
        logger.critical("%s", error)
        raise SystemExit(2) from error
    except (Forked, SourceUnreachable) as error:
        logger.critical("nothing more is emptied: %s", error)
        raise SystemExit(1) from error
    except KeyboardInterrupt:  # the server raises it anew once it has stopped
        raise SystemExit(INTERRUPTED) from None


def _work_off(service: Service, settings: Settings, arguments: argparse.Namespace) -> None:
    """Do what serves nobody. Exits with 1 when it did not end well."""
    well = True
    try:
        match arguments.role:
            case "install":
                _say(asyncio.run(install(service, settings)))
            case "migrate":
                _say(asyncio.run(prepare(service, settings)))
            case "rebuild":
                found = asyncio.run(rebuild(service, settings, arguments.projection, accept=arguments.accept))
                _say([each.model_dump_json() for each in found])
                well = not any(each.state == "differs" for each in found)
            case "refill":
                _say([f"{what} come again" for what in asyncio.run(refill(service, settings, arguments.source))])
            case "doctor":
                seen = asyncio.run(examine(target_of(service, settings)))
                _say([each.model_dump_json() for each in seen])
                well = not any(each.status is Status.FAIL for each in seen)
            case _:
                well = uvloop.run(work(service, settings))
    finally:
        telemetry.flush()
    if not well:
        raise SystemExit(1)


def _say(lines: list[str]) -> None:
    """Print lines."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
