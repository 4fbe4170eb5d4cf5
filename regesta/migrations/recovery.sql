-- How the log of {service} is closed and opened, takes back its own tail, and how a replica follows another log. Made anew
-- whenever this file changes; arguments and results stay, for a process of the release before may call them.

SET ROLE {service}_log;

-- Close the log: nothing is appended any more, by no process. Waits for appends that are under way. `holds`: how far `by_consumer`
-- says it holds this log; nothing is closed when that is no more than there is, and the most that was said is kept.
CREATE OR REPLACE FUNCTION log.close(why text, by_consumer text, holds bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7234017283807667300);
    IF holds <= (SELECT coalesce(max(position), 0) FROM log.events) THEN
        RETURN;
    END IF;
    INSERT INTO log.closed (reason, consumer, held) VALUES (why, by_consumer, holds)
    ON CONFLICT (one) DO UPDATE SET consumer = excluded.consumer, held = excluded.held
    WHERE excluded.held > coalesce(closed.held, 0);
    IF EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'log.events'::regclass AND tgname = 'closed' AND tgenabled = 'D') THEN
        ALTER TABLE log.events ENABLE TRIGGER closed;
    END IF;
END
$$;

-- Open the log, unless somebody has said since `known_claim` that he holds more. Returns whether it is open.
CREATE OR REPLACE FUNCTION log.open(known_claim bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7234017283807667300);
    DELETE FROM log.closed AS c WHERE c.held IS NOT DISTINCT FROM known_claim;
    IF EXISTS (SELECT FROM log.closed) THEN
        RETURN false;
    END IF;
    ALTER TABLE log.events DISABLE TRIGGER closed;
    PERFORM pg_notify('regesta', format('{service} %s back', (SELECT coalesce(max(position), 0) FROM log.events)));
    RETURN true;
END
$$;

-- Note where the log is: on which server and timeline, in which database. A log that was elsewhere before is closed, for it may have
-- been restored. Called by each connection that appends, before it does.
CREATE OR REPLACE FUNCTION log.stand() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    now_on text;
    was_on text;
BEGIN
    SELECT format('%s/%s/%s', system_identifier, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), oid) INTO now_on
    FROM pg_control_system(), pg_database WHERE datname = current_database();
    IF EXISTS (SELECT FROM log.identity WHERE ground = now_on) THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(7234017283807667300); -- before the row, as all others take the two
    SELECT ground INTO was_on FROM log.identity FOR UPDATE;
    UPDATE log.identity SET ground = now_on;
    IF was_on <> now_on THEN
        PERFORM log.close('restored', NULL, NULL);
    END IF;
END
$$;

-- Append events that this log had before, as a replica kept them, to a closed log. Returns the new head.
-- Raises RG409 when the log is open, RG412 when they do not follow on its head, its streams and its times.
CREATE OR REPLACE FUNCTION log.recover(
    positions bigint[], streams text[], versions integer[], types text[], times timestamptz[], metas text[], datas text[]
) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    head bigint;
    last timestamptz;
    wrong bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7234017283807667300), set_config('synchronous_commit', 'on', true);
    IF NOT EXISTS (SELECT FROM log.closed) THEN
        RAISE EXCEPTION 'the log is open: nothing of it is missing' USING ERRCODE = 'RG409';
    END IF;
    SELECT l.position, l.time INTO head, last FROM log.events AS l ORDER BY l.position DESC LIMIT 1;
    head := coalesce(head, 0);
    WITH given AS (
        SELECT e.*, lag(e.time, 1, last) OVER (ORDER BY e.n) AS before,
               row_number() OVER (PARTITION BY e.stream ORDER BY e.n) AS in_stream
        FROM unnest(positions, streams, versions, times) WITH ORDINALITY AS e (position, stream, version, time, n)
    )
    SELECT min(g.position) INTO wrong FROM given AS g LEFT JOIN LATERAL (
        SELECT l.version FROM log.events AS l WHERE l.stream = g.stream ORDER BY l.version DESC LIMIT 1
    ) AS known ON true
    WHERE g.position <> head + g.n OR g.version <> coalesce(known.version, 0) + g.in_stream OR g.time < g.before;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'event % does not follow on the log, which ends at %', wrong, head
            USING ERRCODE = 'RG412', DETAIL = wrong::text;
    END IF;
    ALTER TABLE log.events DISABLE TRIGGER closed;
    INSERT INTO log.events
    SELECT e.position, e.stream, e.version, e.type, e.time, gen_random_uuid(), e.meta::json, e.data::json
    FROM unnest(positions, streams, versions, types, times, metas, datas)
         AS e (position, stream, version, type, time, meta, data);
    ALTER TABLE log.events ENABLE TRIGGER closed;
    head := head + cardinality(positions);
    PERFORM pg_notify('regesta', format('{service} %s', head));
    RETURN head;
END
$$;

-- Give a closed log that lost events a new id, so that nobody takes what comes now for what was lost. seen: how far the lost ones
-- are known to have gone. Returns the id.
CREATE OR REPLACE FUNCTION log.renew(seen bigint, by_whom text) RETURNS uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    old uuid;
    new uuid := gen_random_uuid();
    head bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(7234017283807667300);
    IF NOT EXISTS (SELECT FROM log.closed) THEN
        RAISE EXCEPTION 'the log is open: nothing of it is missing' USING ERRCODE = 'RG409';
    END IF;
    SELECT log INTO old FROM log.identity;
    SELECT coalesce(max(position), 0) INTO head FROM log.events;
    UPDATE log.identity SET log = new;
    PERFORM log.note_adoption('{service}', old, new, head, greatest(seen, head), by_whom);
    RETURN new;
END
$$;

-- Open a closed log that lost events, with a new id: both or nothing. known_claim: as for `open`; seen: as for `renew`. Returns whether
-- it is open, by whomever; it keeps its id when it was opened before, or stays closed for a claim that came since.
CREATE OR REPLACE FUNCTION log.open_anew(known_claim bigint, seen bigint, by_whom text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7234017283807667300);
    IF NOT EXISTS (SELECT FROM log.closed AS c WHERE c.held IS NOT DISTINCT FROM known_claim) THEN
        RETURN NOT EXISTS (SELECT FROM log.closed);
    END IF;
    PERFORM log.renew(seen, by_whom);
    RETURN log.open(known_claim);
END
$$;

CREATE OR REPLACE FUNCTION log.note_adoption(
    of_source text, of_old uuid, of_new uuid, cut bigint, old_head bigint, by_whom text
) RETURNS void LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO log.adoptions
    SELECT coalesce(max(number), 0) + 1, of_source, of_old, of_new, cut, old_head, by_whom FROM log.adoptions
$$;

-- Note that a source, whose log has this id now, and its replica are the same up to `last_common` only, or with a null reason that
-- they do not differ any more.
CREATE OR REPLACE FUNCTION log.note_fork(of_source text, of_log uuid, last_common bigint, why text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF why IS NULL THEN
        DELETE FROM log.forks WHERE source = of_source;
        RETURN;
    END IF;
    INSERT INTO log.forks (source, log, common, head, reason)
    SELECT s.source, of_log, last_common, s.head, why FROM log.sources AS s WHERE s.source = of_source
    ON CONFLICT (source) DO UPDATE
    SET log = excluded.log, common = excluded.common, head = excluded.head, reason = excluded.reason
    WHERE (forks.log, forks.common, forks.head, forks.reason)
          IS DISTINCT FROM (excluded.log, excluded.common, excluded.head, excluded.reason);
END
$$;

-- Cut the replica of `of_source` back to `cut`, to follow the log `to_log` from there. Other processes hear of it when this is
-- committed.
CREATE OR REPLACE FUNCTION log.adopt(of_source text, to_log uuid, cut bigint, by_whom text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    mine log.sources;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(of_source, 7234017283807667301)),
            set_config('synchronous_commit', 'on', true);
    SELECT * INTO mine FROM log.sources AS s WHERE s.source = of_source;
    IF mine.source IS NULL OR cut NOT BETWEEN 0 AND mine.head THEN
        RAISE EXCEPTION 'the replica of % cannot be cut back to %', of_source, cut USING ERRCODE = 'RG412';
    END IF;
    DELETE FROM log.replicas AS r WHERE r.source = of_source AND r.position > cut;
    UPDATE log.sources AS s SET log = to_log, head = cut, time = coalesce(
        (SELECT r.time FROM log.replicas AS r WHERE r.source = of_source AND r.position = cut), '-infinity'
    ) WHERE s.source = of_source;
    DELETE FROM log.forks AS f WHERE f.source = of_source;
    PERFORM log.note_adoption(of_source, mine.log, to_log, cut, mine.head, by_whom);
    PERFORM pg_notify('regesta', format('%s %s back', of_source, cut));
END
$$;

-- Empty the replica of a source, which is to be filled again from the same log. Other processes hear of it when this is committed.
CREATE OR REPLACE FUNCTION log.forget_replica(of_source text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(of_source, 7234017283807667301)),
            set_config('synchronous_commit', 'on', true);
    DELETE FROM log.replicas AS r WHERE r.source = of_source;
    UPDATE log.sources AS s SET head = 0, time = '-infinity' WHERE s.source = of_source;
    DELETE FROM log.forks AS f WHERE f.source = of_source;
    PERFORM pg_notify('regesta', format('%s 0 back', of_source));
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA log FROM PUBLIC;
GRANT EXECUTE ON FUNCTION log.close, log.open, log.open_anew, log.stand, log.recover, log.renew, log.note_fork, log.adopt,
    log.forget_replica TO {service};
RESET ROLE;
