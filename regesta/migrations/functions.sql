-- The functions of the log of {service}, made anew whenever this file changes. A process of the release before may still call
-- them: arguments and results stay, a new form gets a new name.

SET ROLE {service}_log;

-- Which units cannot be appended now, as [{unit, status, stream, version, first}]; null when all can.
-- Status: same (this very unit is stored, from `first`), key, turn, conflict (with the actual version), strongest first.
CREATE OR REPLACE FUNCTION log.refusals(
    my_holder uuid, units uuid[],
    check_unit integer[], check_stream text[], check_expected integer[],
    event_unit integer[], event_stream text[], event_version integer[],
    key_unit integer[], key_subject text[], key_key text[]
) RETURNS jsonb LANGUAGE sql VOLATILE
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off AS $$
    WITH opening AS (
        SELECT DISTINCT ON (e.unit) e.unit, e.stream, e.version
        FROM unnest(event_unit, event_stream, event_version) WITH ORDINALITY AS e (unit, stream, version, n)
        ORDER BY e.unit, e.n
    ), stored AS (
        SELECT o.unit, l.position AS first FROM opening AS o JOIN log.events AS l USING (stream, version)
        WHERE l.unit = units[o.unit]
        UNION
        SELECT k.unit, stored.first FROM unnest(key_unit, key_subject, key_key) AS k (unit, subject, key)
        JOIN log.keys AS stored USING (subject, key)
        WHERE stored.unit = units[k.unit] AND NOT EXISTS (SELECT FROM opening WHERE opening.unit = k.unit)
    ), keyed AS (
        SELECT DISTINCT k.unit FROM unnest(key_unit, key_subject, key_key) AS k (unit, subject, key)
        JOIN log.keys AS known USING (subject, key)
    ), waiting AS (
        SELECT DISTINCT e.unit FROM unnest(event_unit, event_stream) AS e (unit, stream)
        JOIN log.turns AS turn USING (stream)
        WHERE turn.holder <> my_holder AND turn.until > clock_timestamp()
    ), stale AS (
        SELECT DISTINCT ON (c.unit) c.unit, c.stream, coalesce(head.version, 0) AS version
        FROM unnest(check_unit, check_stream, check_expected) AS c (unit, stream, expected)
        LEFT JOIN LATERAL (
            SELECT l.version FROM log.events AS l WHERE l.stream = c.stream ORDER BY l.version DESC LIMIT 1
        ) AS head ON true
        WHERE coalesce(head.version, 0) <> c.expected
        ORDER BY c.unit
    ), refused AS (
        SELECT unit, 1 AS rank, 'same' AS status, NULL AS stream, NULL::integer AS version, first FROM stored
        UNION ALL SELECT unit, 2, 'key', NULL, NULL, NULL FROM keyed
        UNION ALL SELECT unit, 3, 'turn', NULL, NULL, NULL FROM waiting
        UNION ALL SELECT unit, 4, 'conflict', stream, version, NULL FROM stale
    )
    SELECT jsonb_agg(to_jsonb(one) - 'rank') FROM (SELECT DISTINCT ON (unit) * FROM refused ORDER BY unit, rank) AS one
$$;

-- Append a batch of units, each whole or not at all. head: of the log before; time: given to all of them; refused: see above.
-- known: the head up to which the caller's expected versions are acknowledged; null makes it check them.
CREATE OR REPLACE FUNCTION log.append(
    known bigint, holder uuid, claims integer[], units uuid[],
    check_unit integer[], check_stream text[], check_expected integer[],
    event_unit integer[], event_stream text[], event_version integer[],
    event_type text[], event_meta text[], event_data text[],
    key_unit integer[], key_subject text[], key_key text[], key_hash bytea[], key_first integer[], key_count integer[],
    OUT head bigint, OUT at timestamptz, OUT refused jsonb
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET synchronous_commit = on AS $$
DECLARE
    lost integer[] := ARRAY[]::integer[];
    last timestamptz;
    contended boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(7234017283807667300);
    -- A statement of its own: a snapshot older than the lock would give two appends one head.
    SELECT l.position, l.time INTO head, last FROM log.events AS l ORDER BY l.position DESC LIMIT 1;
    head := coalesce(head, 0);
    at := greatest(clock_timestamp(), last, (SELECT max(s.time) FROM log.sources AS s));
    contended := EXISTS (SELECT FROM log.turns);
    IF known IS DISTINCT FROM head OR cardinality(key_unit) > 0 OR contended THEN
        refused := log.refusals(holder, units, check_unit, check_stream, check_expected,
                                event_unit, event_stream, event_version, key_unit, key_subject, key_key);
    END IF;
    IF refused IS NULL THEN
        INSERT INTO log.events
        SELECT append.head + e.n, e.stream, e.version, e.type, at, units[e.unit], e.meta::json, e.data::json
        FROM unnest(event_unit, event_stream, event_version, event_type, event_meta, event_data)
             WITH ORDINALITY AS e (unit, stream, version, type, meta, data, n);
    ELSE
        SELECT array_agg((r ->> 'unit')::integer) INTO lost FROM jsonb_array_elements(refused) AS r;
        INSERT INTO log.events
        SELECT append.head + row_number() OVER (ORDER BY e.n),
               e.stream, e.version, e.type, at, units[e.unit], e.meta::json, e.data::json
        FROM unnest(event_unit, event_stream, event_version, event_type, event_meta, event_data)
             WITH ORDINALITY AS e (unit, stream, version, type, meta, data, n)
        WHERE e.unit <> ALL (lost);
        INSERT INTO log.turns
        SELECT DISTINCT r ->> 'stream', append.holder, clock_timestamp() + interval '50 ms'
        FROM jsonb_array_elements(refused) AS r
        WHERE r ->> 'status' = 'conflict' AND (r ->> 'unit')::integer = ANY (claims)
        ON CONFLICT (stream) DO UPDATE SET holder = excluded.holder, until = excluded.until
        WHERE turns.until < clock_timestamp();
    END IF;
    IF cardinality(key_unit) > 0 THEN
        INSERT INTO log.keys
        SELECT k.subject, k.key, k.hash, units[k.unit], append.head + k.first - shift.events, k.count,
               append.head + CASE WHEN k.count = 0 THEN 0 ELSE k.first + k.count - 1 - shift.events END, at
        FROM unnest(key_unit, key_subject, key_key, key_hash, key_first, key_count)
             AS k (unit, subject, key, hash, first, count)
        CROSS JOIN LATERAL (
            SELECT count(*) AS events FROM unnest(event_unit) WITH ORDINALITY AS e (unit, n)
            WHERE e.n <= k.first AND e.unit = ANY (lost)
        ) AS shift
        WHERE k.unit <> ALL (lost);
    END IF;
    IF contended THEN
        -- A turn that nobody took may not stay: as long as there is one, every append is checked.
        DELETE FROM log.turns AS turn
        WHERE turn.until < clock_timestamp() OR turn.holder = append.holder AND turn.stream IN (
            SELECT e.stream FROM unnest(event_unit, event_stream) AS e (unit, stream) WHERE e.unit <> ALL (lost)
        );
    END IF;
END
$$;

-- Extend the replica of `from_source`; events at or below its head are compared and dropped. Returns the new head.
-- Raises RG409 with the position where the two logs differ, RG412 when the events do not follow on the head and each other.
CREATE OR REPLACE FUNCTION log.replicate(
    from_source text, from_log uuid,
    positions bigint[], streams text[], versions integer[], types text[], times timestamptz[], metas text[], datas text[]
) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET synchronous_commit = on AS $$
DECLARE
    mine log.sources;
    forked bigint;
    highest bigint := positions[cardinality(positions)];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(from_source, 7234017283807667301));
    SELECT * INTO mine FROM log.sources AS s WHERE s.source = from_source;
    IF mine.source IS NULL THEN
        INSERT INTO log.sources VALUES (from_source, from_log, 0, '-infinity') RETURNING * INTO mine;
    ELSIF mine.log <> from_log THEN
        RAISE EXCEPTION 'source % is another log now', from_source
            USING ERRCODE = 'RG409', DETAIL = '0', HINT = mine.log::text;
    END IF;
    SELECT min(theirs.position) INTO forked
    FROM unnest(positions, streams, versions, types, times, metas, datas)
         AS theirs (position, stream, version, type, time, meta, data)
    JOIN log.replicas AS ours ON ours.source = from_source AND ours.position = theirs.position
    WHERE theirs.position <= mine.head
      AND (ours.stream, ours.version, ours.type, ours.time, ours.meta::text, ours.data::text)
          <> (theirs.stream, theirs.version, theirs.type, theirs.time, theirs.meta, theirs.data);
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

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA log FROM PUBLIC;
GRANT EXECUTE ON FUNCTION log.append, log.replicate, log.position_before TO {service};
RESET ROLE;
