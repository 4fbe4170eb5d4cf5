-- The functions of the log of {service}, made anew whenever this file changes. A process of the release before may still call
-- them: arguments and results stay, a new form gets a new name.

SET ROLE {service}_log;

-- A column of a batch: its values with U+001E between them, which costs a third of what a driver's array does (ADR 12).
CREATE OR REPLACE FUNCTION log.split(joined text) RETURNS text[] LANGUAGE sql IMMUTABLE
RETURN string_to_array(joined, E'\x1e');

-- Whether a turn goes on. Given are 50 ms: one that would last far longer is of before the clock was set back.
CREATE OR REPLACE FUNCTION log.lasts(until timestamptz) RETURNS boolean LANGUAGE sql VOLATILE
RETURN until > clock_timestamp() AND until < clock_timestamp() + interval '5 s';

-- Which units cannot be appended now, as [{unit, status, stream, version, first}]; null when all can.
-- Status: same (this very unit is stored, from `first`), key, turn, conflict (with the actual version), strongest first.
-- A stream that a unit writes is expected at the version before its first event there.
CREATE OR REPLACE FUNCTION log.refusals(
    my_holder uuid,
    event_unit uuid[], event_stream text[], event_version integer[],
    check_unit uuid[], check_stream text[], check_version integer[],
    key_unit uuid[], key_subject text[], key_key text[]
) RETURNS jsonb LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
    WITH written AS (
        SELECT e.unit, e.stream, min(e.version) AS version, min(e.n) AS n
        FROM unnest(event_unit, event_stream, event_version) WITH ORDINALITY AS e (unit, stream, version, n)
        GROUP BY e.unit, e.stream
    ), opening AS (
        SELECT DISTINCT ON (unit) unit, stream, version FROM written ORDER BY unit, n
    ), stored AS (
        SELECT o.unit, l.position AS first FROM opening AS o JOIN log.events AS l USING (stream, version)
        WHERE l.unit = o.unit
        UNION
        SELECT k.unit, stored.first FROM unnest(key_unit, key_subject, key_key) AS k (unit, subject, key)
        JOIN log.keys AS stored USING (subject, key)
        WHERE stored.unit = k.unit AND NOT EXISTS (SELECT FROM opening WHERE opening.unit = k.unit)
    ), keyed AS (
        SELECT DISTINCT k.unit FROM unnest(key_unit, key_subject, key_key) AS k (unit, subject, key)
        JOIN log.keys AS known USING (subject, key)
    ), waiting AS (
        SELECT DISTINCT ON (w.unit) w.unit, w.stream FROM written AS w JOIN log.turns AS turn USING (stream)
        WHERE turn.holder <> my_holder AND log.lasts(turn.until)
        ORDER BY w.unit
    ), checks AS (
        SELECT unit, stream, version - 1 AS expected FROM written
        UNION ALL
        SELECT unit, stream, version FROM unnest(check_unit, check_stream, check_version) AS c (unit, stream, version)
    ), stale AS (
        SELECT DISTINCT ON (c.unit) c.unit, c.stream, coalesce(head.version, 0) AS version
        FROM checks AS c
        LEFT JOIN LATERAL (
            SELECT l.version FROM log.events AS l WHERE l.stream = c.stream ORDER BY l.version DESC LIMIT 1
        ) AS head ON true
        WHERE coalesce(head.version, 0) <> c.expected
        ORDER BY c.unit
    ), refused AS (
        SELECT unit, 1 AS rank, 'same' AS status, NULL AS stream, NULL::integer AS version, first FROM stored
        UNION ALL SELECT unit, 2, 'key', NULL, NULL, NULL FROM keyed
        UNION ALL SELECT unit, 3, 'turn', stream, NULL, NULL FROM waiting
        UNION ALL SELECT unit, 4, 'conflict', stream, version, NULL FROM stale
    )
    SELECT jsonb_agg(to_jsonb(one) - 'rank') FROM (SELECT DISTINCT ON (unit) * FROM refused ORDER BY unit, rank) AS one
$$;

-- Append a batch of units, each whole or not at all. head: of the log before; time: given to all of them; refused: see above.
-- known: the head up to which the caller's expected versions are acknowledged; null makes it check them. claims: the units
-- that register a turn when they lose. checks: versions that those of the events do not imply, of streams only read. key_firsts:
-- the place of a key's first event in the batch, from 1. Columns come joined (see log.split); the events of a unit stand together.
CREATE OR REPLACE FUNCTION log.append(
    known bigint, holder uuid, claims text,
    event_units text, event_streams text, event_versions text, event_types text, event_metas text, event_datas text,
    check_units text, check_streams text, check_versions text,
    key_units text, key_subjects text, key_keys text, key_hashes text, key_firsts text, key_counts text,
    OUT head bigint, OUT at timestamptz, OUT refused jsonb
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    lost uuid[];
    written text[];
    contended boolean;
    checked boolean;
BEGIN
    -- A SET clause would end with the function, before the commit that it is meant for.
    PERFORM pg_advisory_xact_lock(7234017283807667300), set_config('synchronous_commit', 'on', true);
    -- A statement of its own: a snapshot older than the lock would give two appends one head.
    SELECT e.position, greatest(clock_timestamp(), e.time, (SELECT max(s.time) FROM log.sources AS s)), EXISTS (SELECT FROM log.turns)
    INTO head, at, contended
    FROM log.events AS e ORDER BY e.position DESC LIMIT 1;
    IF head IS NULL THEN
        SELECT 0, greatest(clock_timestamp(), (SELECT max(s.time) FROM log.sources AS s)), EXISTS (SELECT FROM log.turns)
        INTO head, at, contended;
    END IF;
    checked := contended OR known IS NULL OR known > head OR head - known > 512;
    -- What was known of these streams at `known` is so at `head` when few events came since, and none of them is theirs. In the
    -- condition above this would be a query of every append.
    IF NOT checked AND known < head THEN
        checked := EXISTS (
            SELECT FROM log.events AS e
            WHERE e.position > known AND e.position <= append.head
              AND e.stream IN (SELECT unnest(log.split(event_streams) || log.split(check_streams)))
        );
    END IF;
    IF checked THEN
        refused := log.refusals(
            holder,
            log.split(event_units)::uuid[], log.split(event_streams), log.split(event_versions)::integer[],
            log.split(check_units)::uuid[], log.split(check_streams), log.split(check_versions)::integer[],
            log.split(key_units)::uuid[], log.split(key_subjects), log.split(key_keys)
        );
    END IF;
    IF refused IS NULL THEN
        IF event_units <> '' AND strpos(event_units, E'\x1e') = 0 THEN
            -- Of one event: taking columns apart would cost a fifth of the append.
            INSERT INTO log.events
            VALUES (head + 1, event_streams, event_versions::integer, event_types, at,
                    event_units::uuid, event_metas::json, event_datas::json);
        ELSE
            INSERT INTO log.events
            SELECT append.head + e.n, e.stream, e.version::integer, e.type, at, e.unit::uuid, e.meta::json, e.data::json
            FROM unnest(
                log.split(event_units), log.split(event_streams), log.split(event_versions),
                log.split(event_types), log.split(event_metas), log.split(event_datas)
            ) WITH ORDINALITY AS e (unit, stream, version, type, meta, data, n);
        END IF;
        IF key_units <> '' THEN
            INSERT INTO log.keys
            SELECT k.subject, k.key, decode(k.hash, 'hex'), k.unit::uuid, append.head + k.first::bigint, k.count::integer,
                   append.head + CASE k.count WHEN '0' THEN 0 ELSE k.first::bigint + k.count::integer - 1 END, at
            FROM unnest(
                log.split(key_units), log.split(key_subjects), log.split(key_keys),
                log.split(key_hashes), log.split(key_firsts), log.split(key_counts)
            ) AS k (unit, subject, key, hash, first, count);
        END IF;
    ELSE
        SELECT array_agg((r ->> 'unit')::uuid) INTO lost FROM jsonb_array_elements(refused) AS r;
        INSERT INTO log.events
        SELECT append.head + row_number() OVER (ORDER BY e.n),
               e.stream, e.version::integer, e.type, at, e.unit::uuid, e.meta::json, e.data::json
        FROM unnest(
            log.split(event_units), log.split(event_streams), log.split(event_versions),
            log.split(event_types), log.split(event_metas), log.split(event_datas)
        ) WITH ORDINALITY AS e (unit, stream, version, type, meta, data, n)
        WHERE e.unit::uuid <> ALL (lost);
        INSERT INTO log.turns
        SELECT DISTINCT r ->> 'stream', append.holder, clock_timestamp() + interval '50 ms'
        FROM jsonb_array_elements(refused) AS r
        WHERE r ->> 'status' = 'conflict' AND (r ->> 'unit')::uuid = ANY (log.split(claims)::uuid[])
        ON CONFLICT (stream) DO UPDATE
        SET holder = excluded.holder, until = excluded.until, waiting = array_remove(turns.waiting, excluded.holder)
        WHERE NOT log.lasts(turns.until);
        UPDATE log.turns AS turn SET waiting = turn.waiting || append.holder
        FROM jsonb_array_elements(refused) AS r
        WHERE r ->> 'status' = 'turn' AND r ->> 'stream' = turn.stream AND append.holder <> ALL (turn.waiting)
          AND (r ->> 'unit')::uuid = ANY (log.split(claims)::uuid[]);
        -- A key's place moves down by the events before it that were refused.
        WITH gone AS (
            SELECT e.n FROM unnest(log.split(event_units)) WITH ORDINALITY AS e (unit, n)
            WHERE e.unit::uuid = ANY (lost)
        ), placed AS (
            SELECT k.*, k.first::bigint - (SELECT count(*) FROM gone WHERE gone.n <= k.first::bigint) AS place
            FROM unnest(
                log.split(key_units)::uuid[], log.split(key_subjects), log.split(key_keys),
                log.split(key_hashes), log.split(key_firsts), log.split(key_counts)::integer[]
            ) AS k (unit, subject, key, hash, first, count)
        )
        INSERT INTO log.keys
        SELECT p.subject, p.key, decode(p.hash, 'hex'), p.unit, append.head + p.place, p.count,
               append.head + CASE WHEN p.count = 0 THEN 0 ELSE p.place + p.count - 1 END, at
        FROM placed AS p WHERE p.unit <> ALL (lost);
    END IF;
    IF contended THEN
        SELECT array_agg(e.stream) INTO written
        FROM unnest(log.split(event_units), log.split(event_streams)) AS e (unit, stream)
        WHERE lost IS NULL OR e.unit::uuid <> ALL (lost);
        -- Who had the turn gives it to the first who waits, and waits behind the others; while it prepares it would else lose it to one
        -- who needs less time.
        UPDATE log.turns AS turn
        SET holder = turn.waiting[1], waiting = turn.waiting[2:] || append.holder, until = clock_timestamp() + interval '15 ms'
        WHERE turn.holder = append.holder AND turn.waiting <> '{{}}' AND turn.stream = ANY (written);
        -- A turn that nobody took may not stay: as long as there is one, every append is checked.
        DELETE FROM log.turns AS turn
        WHERE NOT log.lasts(turn.until) OR turn.holder = append.holder AND turn.stream = ANY (written);
    END IF;
END
$$;

-- Extend the replica of `from_source`; events at or below its head are compared and dropped. Returns the new head.
-- Raises RG409 with the position where the two logs differ, RG412 when the events do not follow on the head and each other.
CREATE OR REPLACE FUNCTION log.replicate(
    from_source text, from_log uuid,
    positions bigint[], streams text[], versions integer[], types text[], times timestamptz[], metas text[], datas text[]
) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    mine log.sources;
    forked bigint;
    highest bigint := positions[cardinality(positions)];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(from_source, 7234017283807667301)),
            set_config('synchronous_commit', 'on', true);
    SELECT * INTO mine FROM log.sources AS s WHERE s.source = from_source;
    IF mine.source IS NULL THEN
        INSERT INTO log.sources VALUES (from_source, from_log, 0, '-infinity') RETURNING * INTO mine;
    ELSIF mine.log <> from_log THEN
        RAISE EXCEPTION 'source % is another log now', from_source
            USING ERRCODE = 'RG409', DETAIL = '0', HINT = mine.log::text;
    END IF;
    IF positions[1] <= mine.head THEN
        SELECT min(theirs.position) INTO forked
        FROM unnest(positions, streams, versions, types, times, metas, datas)
             AS theirs (position, stream, version, type, time, meta, data)
        JOIN log.replicas AS ours ON ours.source = from_source AND ours.position = theirs.position
        WHERE theirs.position <= mine.head
          AND (ours.stream, ours.version, ours.type, ours.time, ours.meta::text, ours.data::text)
              <> (theirs.stream, theirs.version, theirs.type, theirs.time, theirs.meta, theirs.data);
    END IF;
    IF forked IS NOT NULL THEN
        RAISE EXCEPTION 'source % differs from its replica at position %', from_source, forked
            USING ERRCODE = 'RG409', DETAIL = forked::text;
    END IF;
    IF positions[1] > mine.head + 1 OR EXISTS (
        SELECT FROM unnest(positions) WITH ORDINALITY AS e (position, n) WHERE e.position <> positions[1] + e.n - 1
    ) THEN
        RAISE EXCEPTION 'events of % from % do not follow on %', from_source, positions[1], mine.head
            USING ERRCODE = 'RG412', DETAIL = mine.head::text;
    END IF;
    IF coalesce(highest, 0) <= mine.head THEN
        RETURN mine.head;
    END IF;
    INSERT INTO log.replicas
    SELECT from_source, e.position, e.stream, e.version, e.type, e.time, e.meta::json, e.data::json
    FROM unnest(positions, streams, versions, types, times, metas, datas)
         AS e (position, stream, version, type, time, meta, data)
    WHERE e.position > mine.head;
    UPDATE log.sources AS s SET head = highest, time = times[cardinality(times)] WHERE s.source = from_source;
    RETURN highest;
END
$$;

-- The last position of a log whose time is before `moment`, by bisection over the primary key; 0 when there is none.
-- A null source is the own log. Times never go back along positions, so bisection is exact.
CREATE OR REPLACE FUNCTION log.position_before(from_source text, moment timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    low bigint := 0;
    high bigint;
    middle bigint;
    seen timestamptz;
BEGIN
    IF from_source IS NULL THEN
        SELECT coalesce(max(position), 0) INTO high FROM log.events;
    ELSE
        SELECT coalesce(max(head), 0) INTO high FROM log.sources WHERE source = from_source;
    END IF;
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        IF from_source IS NULL THEN
            SELECT time INTO seen FROM log.events WHERE position = middle;
        ELSE
            SELECT time INTO seen FROM log.replicas WHERE source = from_source AND position = middle;
        END IF;
        IF seen < moment THEN low := middle; ELSE high := middle - 1; END IF;
    END LOOP;
    RETURN low;
END
$$;

-- Forget the command keys in some blocks of their table that are older than 30 days, but for those of imports and reactions,
-- which live for ever. Returns the block to go on at; null at the end. By blocks, for an index on the time would cost each append.
CREATE OR REPLACE FUNCTION log.forget_keys(from_block bigint, blocks integer) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
DECLARE
    next_block bigint := from_block + blocks;
    low tid := format('(%s,0)', from_block);
    high tid := format('(%s,0)', next_block);
BEGIN
    -- What a crash brings back is forgotten the next time.
    PERFORM set_config('synchronous_commit', 'off', true);
    DELETE FROM log.keys AS k
    WHERE k.ctid >= low AND k.ctid < high AND k.time < clock_timestamp() - interval '30 days'
      AND NOT starts_with(k.subject, 'import:') AND NOT starts_with(k.subject, 'reaction:');
    RETURN CASE WHEN next_block * current_setting('block_size')::bigint < pg_relation_size('log.keys') THEN next_block END;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA log FROM PUBLIC;
GRANT EXECUTE ON FUNCTION log.append, log.replicate, log.position_before, log.forget_keys TO {service};
RESET ROLE;
