-- The views tell at every moment what a recount of the raw events tells, however the events came.
BEGIN;
SELECT plan(10);

-- A pool of random events: three projects, a dozen users, two weeks across the end of a month. Many lie
-- on the edge of a day; many hours coincide, so that first sightings are contested.
CREATE FUNCTION pg_temp.make_pool() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    CREATE TEMP TABLE pool AS
    SELECT 'e' || n AS event_id, 'rnd' || floor(random() * 3) AS project_id,
           timestamptz '2026-01-24Z' + floor(random() * 14) * interval '1 day'
               + (ARRAY[interval '0', '86399.999999 s', '1 us', '12 h'])[ceil(random() * 4)] AS occurred_at,
           kinds[CASE WHEN random() < 0.5 THEN ceil(random() * 2) ELSE ceil(random() * 10) END] AS kind,
           CASE WHEN random() < 0.9 THEN 'u' || floor(random() * 12) END AS user_id,
           NULL::text AS chat_id, NULL::numeric AS value
      FROM generate_series(1, 400) AS n, (SELECT enum_range(NULL::daybook.event_kind) AS kinds) AS k;
    UPDATE pool SET value = CASE kind WHEN 'csat' THEN 1 + round(random()::numeric * 4, 2)
                                      WHEN 'ai_quality' THEN round(random()::numeric, 3) END;
END
$$;

CREATE TEMP VIEW recount AS
WITH raw AS (
    SELECT *, (occurred_at AT TIME ZONE 'UTC')::date AS day FROM daybook.events WHERE project_id LIKE 'rnd%'
), first AS (
    SELECT project_id, user_id, min(occurred_at) AS seen FROM raw WHERE user_id IS NOT NULL GROUP BY 1, 2
)
SELECT r.project_id, r.day,
       count(*) FILTER (WHERE kind = 'chat_start') AS chats,
       count(*) FILTER (WHERE kind = 'inbound_message') AS inbound,
       count(*) FILTER (WHERE kind = 'outbound_message') AS outbound,
       count(*) FILTER (WHERE kind = 'positive_feedback') AS positive,
       count(*) FILTER (WHERE kind = 'negative_feedback') AS negative,
       count(*) FILTER (WHERE kind = 'ht_request') AS requests,
       count(*) FILTER (WHERE kind = 'ht_start') AS starts,
       count(DISTINCT r.user_id) FILTER (WHERE kind IN ('chat_start', 'inbound_message')
                                           AND f.seen < r.day::timestamp AT TIME ZONE 'UTC') AS returning,
       count(*) FILTER (WHERE kind = 'csat') AS csat_total,
       round(avg(value) FILTER (WHERE kind = 'csat'), 2) AS csat_score,
       round(avg(value) FILTER (WHERE kind = 'ai_quality'), 2) AS quality,
       count(*) FILTER (WHERE kind = 'ai_quality') AS quality_size,
       count(*) FILTER (WHERE kind = 'api_error') AS errors
  FROM raw r
  LEFT JOIN first f USING (project_id, user_id)
 GROUP BY 1, 2;

CREATE TEMP VIEW shown AS
SELECT project_id, day, c.count, inbound_messages, outbound_messages, positive_feedback, negative_feedback,
       ht_requests, ht_starts, unique_users, total, avg_score, score, sample_size, error_count
  FROM daybook_v1.messages_daily
  FULL JOIN daybook_v1.chats_daily c USING (project_id, day)
  FULL JOIN daybook_v1.users_daily USING (project_id, day)
  FULL JOIN daybook_v1.csat_daily USING (project_id, day)
  FULL JOIN daybook_v1.ai_quality_daily USING (project_id, day)
  FULL JOIN daybook_v1.errors_daily USING (project_id, day)
 WHERE project_id LIKE 'rnd%';

CREATE TEMP VIEW differences AS
(SELECT 'wrong' AS side, * FROM (TABLE shown EXCEPT ALL TABLE recount) AS s)
UNION ALL
(SELECT 'right', * FROM (TABLE recount EXCEPT ALL TABLE shown) AS r);

-- Delivers the pool in random order, in statements of 1 to 25 events, half of them of one alone; one event in ten
-- comes again, with refreshes in between; the number of differing days, added up over every look on the way.
CREATE FUNCTION pg_temp.deliver(looks boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    batch integer := 0;
    found bigint := 0;
BEGIN
    CREATE TEMP TABLE queue AS
    SELECT p.*, row_number() OVER (ORDER BY random()) AS place
      FROM (TABLE pool UNION ALL (SELECT * FROM pool ORDER BY random() LIMIT 40)) AS p;
    WHILE EXISTS (SELECT FROM queue) LOOP
        batch := CASE WHEN random() < 0.5 THEN 1 ELSE ceil(random() * 25) END;
        WITH taken AS (
            DELETE FROM queue WHERE place IN (SELECT place FROM queue ORDER BY place LIMIT batch) RETURNING *
        )
        INSERT INTO daybook.events
        SELECT event_id, project_id, occurred_at, kind, user_id, chat_id, value FROM taken ON CONFLICT DO NOTHING;
        IF random() < 0.2 THEN
            CALL daybook.refresh();
        END IF;
        IF looks THEN
            found := found + (SELECT count(*) FROM differences);
        END IF;
    END LOOP;
    DROP TABLE queue;
    RETURN found;
END
$$;

-- One whole course under a seed, undone: the differences on the way, before a last refresh, after it, after another.
CREATE FUNCTION pg_temp.course(seed double precision, looks boolean) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    result bigint[];
BEGIN
    PERFORM setseed(seed);
    PERFORM pg_temp.make_pool();
    result := ARRAY[pg_temp.deliver(looks)];
    IF (SELECT count(*) FROM pool) <> (SELECT count(*) FROM daybook.events WHERE project_id LIKE 'rnd%') THEN
        RAISE 'events went missing';
    END IF;
    FOR i IN 1..3 LOOP
        result := result || (SELECT count(*) FROM differences);
        CALL daybook.refresh();
    END LOOP;
    RAISE SQLSTATE 'UNDOS';
EXCEPTION WHEN SQLSTATE 'UNDOS' THEN
    RETURN result;
END
$$;

SELECT is(pg_temp.course(seed, seed < 0.3), '{0,0,0,0}', 'random course ' || seed)
  FROM unnest('{0.1,0.2,0.3,0.4,0.5,0.6,0.7}'::double precision[]) AS seed;

-- The recount is no mirror of the views: it sees a count that is off.
SELECT setseed(0.8), pg_temp.make_pool();
INSERT INTO daybook.events SELECT * FROM pool;
CALL daybook.refresh();
INSERT INTO daybook.daily AS d (project_id, day, counts)
SELECT project_id, min(day), '{1}' FROM shown GROUP BY 1 ORDER BY 1 LIMIT 1
ON CONFLICT (project_id, day) DO UPDATE SET counts[1] = coalesce(d.counts[1], 0) + 1;
SELECT is((SELECT count(*) FROM differences), 2::bigint, 'the comparison finds a single count that is off by one');

CREATE TEMP TABLE daily AS SELECT d.ctid AS place, d.* FROM daybook.daily d;
CREATE TEMP TABLE users AS SELECT u.ctid AS place, u.* FROM daybook.users u;
CALL daybook.refresh();
SELECT is_empty($$(SELECT d.ctid, d.day FROM daybook.daily d EXCEPT SELECT place, day FROM daily)
                  UNION ALL
                  (SELECT u.ctid, u.first_day FROM daybook.users u EXCEPT SELECT place, first_day FROM users)$$,
                'a refresh with nothing pending writes nothing');
SELECT is_empty('SELECT FROM daybook.sightings', 'and no sighting is left over');

SELECT * FROM finish();
ROLLBACK;
