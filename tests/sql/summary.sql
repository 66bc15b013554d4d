-- The summary tells what the six KPI views tell, of a day and of a range, and nobody but the admitted gets any of it.
BEGIN;
SELECT plan(22);

CREATE FUNCTION pg_temp.add(project text, at text, who text, kind text DEFAULT 'chat_start', value numeric DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO daybook.events VALUES (gen_random_uuid(), project, at::timestamptz, kind::daybook.event_kind, who,
                                       NULL, value)
$$;

-- Random events of two projects, on ten days across the end of a month.
CREATE FUNCTION pg_temp.strew(count integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    kinds CONSTANT daybook.event_kind[] := daybook.kinds();
    kind  daybook.event_kind;
BEGIN
    FOR i IN 1 .. count LOOP
        kind := kinds[CASE WHEN random() < 0.5 THEN ceil(random() * 2) ELSE ceil(random() * 10) END];
        PERFORM pg_temp.add('sum' || floor(random() * 2),
                            (timestamptz '2026-01-27Z' + floor(random() * 10) * interval '1 day')::text,
                            CASE WHEN random() < 0.9 THEN 'u' || floor(random() * 12) END, kind::text,
                            CASE kind::text WHEN 'csat' THEN 1 + round(random()::numeric * 4, 2)
                                            WHEN 'ai_quality' THEN round(random()::numeric, 3) END);
    END LOOP;
END
$$;

CREATE TEMP VIEW six AS
SELECT project_id, day, c.count AS chats, inbound_messages, outbound_messages, positive_feedback, negative_feedback,
       ht_requests, ht_starts, u.unique_users AS returning_users, s.total AS csat_total, s.avg_score AS csat_avg_score,
       q.sample_size AS ai_quality_sample_size, q.score AS ai_quality_score, e.error_count
  FROM daybook_v1.messages_daily m
  JOIN daybook_v1.chats_daily c USING (project_id, day)      JOIN daybook_v1.users_daily u USING (project_id, day)
  JOIN daybook_v1.csat_daily s USING (project_id, day)       JOIN daybook_v1.ai_quality_daily q USING (project_id, day)
  JOIN daybook_v1.errors_daily e USING (project_id, day);
CREATE TEMP VIEW one AS
SELECT project_id, day, chats, inbound_messages, outbound_messages, positive_feedback, negative_feedback, ht_requests,
       ht_starts, returning_users, csat_total, csat_avg_score, ai_quality_sample_size, ai_quality_score, error_count
  FROM daybook_v1.summary_daily;
CREATE TEMP VIEW raw_sums AS
SELECT project_id, daybook.utc_day(occurred_at) AS day,
       coalesce(sum(value) FILTER (WHERE kind = 'csat'), 0) AS csat,
       coalesce(sum(value) FILTER (WHERE kind = 'ai_quality'), 0) AS quality
  FROM daybook.events WHERE project_id LIKE 'sum_' GROUP BY 1, 2;

SELECT pg_temp.strew(150);
CALL daybook.refresh();
SELECT pg_temp.strew(150);
SELECT set_eq('SELECT * FROM one', 'SELECT * FROM six', 'each day has what the six views have');
SELECT set_eq($$SELECT project_id, day, csat_sum, ai_quality_sum FROM daybook_v1.summary_daily
                WHERE project_id LIKE 'sum_'$$,
              'SELECT * FROM raw_sums', 'and the exact sums of the scores');
CALL daybook.refresh();
SELECT set_eq('SELECT * FROM one', 'SELECT * FROM six', 'after a refresh as well');
SELECT cmp_ok((SELECT count(*) FROM one WHERE returning_users > 0), '>', 5::bigint, 'users returned');

SELECT set_config('daybook.admitted', 'sum1', false);
SELECT set_eq($$SELECT * FROM daybook.page_summary_daily('sum1', '2026-01-28', '2026-02-03')$$,
              $$SELECT * FROM daybook_v1.summary_daily
                 WHERE project_id = 'sum1' AND day >= '2026-01-28' AND day < '2026-02-03'$$,
              'a page has the days of its range');
SELECT results_eq($$
    SELECT day, chats, inbound_messages, outbound_messages, positive_feedback, negative_feedback, ht_requests,
        ht_starts,
           csat_total, csat_sum, csat_avg_score, ai_quality_sample_size, ai_quality_sum, ai_quality_score, error_count,
               containment
      FROM daybook.page_summary('sum1', '2026-01-28', '2026-02-03')
$$, $$
    SELECT date '2026-01-28', sum(chats)::bigint, sum(inbound_messages)::bigint, sum(outbound_messages)::bigint,
           sum(positive_feedback)::bigint, sum(negative_feedback)::bigint, sum(ht_requests)::bigint,
               sum(ht_starts)::bigint,
           sum(csat_total)::bigint, sum(csat_sum), round(sum(csat_sum) / sum(csat_total), 2),
           sum(ai_quality_sample_size)::bigint, sum(ai_quality_sum),
           round(sum(ai_quality_sum) / sum(ai_quality_sample_size), 2), sum(error_count)::bigint,
           round(1 - sum(ht_starts) / sum(chats), 4)
      FROM daybook_v1.summary_daily WHERE project_id = 'sum1' AND day >= '2026-01-28' AND day < '2026-02-03'
$$, 'a range is the sum of its days, its averages are of all scores');
SELECT results_eq($$SELECT returning_users FROM daybook.page_summary('sum1', '2026-01-28', '2026-02-03')$$, $$
    SELECT count(DISTINCT e.user_id) FROM daybook.events e JOIN daybook.first_seen f USING (project_id, user_id)
     WHERE e.project_id = 'sum1' AND daybook.is_activity(e.kind) AND daybook.utc_day(e.occurred_at) > f.first_day
       AND daybook.utc_day(e.occurred_at) >= '2026-01-28' AND daybook.utc_day(e.occurred_at) < '2026-02-03'
$$, 'a user who returns on several days is one returning user of the range');

-- Sums and quotients.
SELECT pg_temp.add('few', '2026-03-01Z', 'a', 'csat', v) FROM unnest('{1.50,2.5,4.005000}'::numeric[]) AS v;
SELECT pg_temp.add('few', '2026-03-0' || d || 'Z', 'a') FROM unnest('{1,1,1,2,3,4,4}'::integer[]) AS d;
SELECT pg_temp.add('few', '2026-03-02Z', NULL, 'ht_start') FROM generate_series(1, 2);
SELECT set_config('daybook.admitted', 'few', false);
SELECT results_eq($$SELECT csat_sum::text, ai_quality_sum::text FROM daybook_v1.summary_daily
                     WHERE project_id = 'few' ORDER BY day$$,
                  $$VALUES ('8.005', '0'), ('0', '0'), ('0', '0'), ('0', '0')$$,
                  'sums have no trailing zeros, and are 0 of none');
SELECT results_eq($$SELECT csat_sum::text, csat_avg_score, ai_quality_sum::text, ai_quality_score, containment
                      FROM daybook.page_summary('few', '2026-03-01', '2026-04-01')$$,
                  $$VALUES ('8.005', 2.67, '0', NULL::numeric, 0.7143)$$,
                  'nor have those of a range; an average of none is null');
SELECT is((SELECT containment FROM daybook.page_summary('few', '2026-03-02', '2026-03-03')), -1.0000,
          'more takeovers than chats make a containment below 0');
SELECT is((SELECT returning_users FROM daybook.page_summary('few', '2026-03-01', '2026-04-01')), 1::bigint,
          'one user who returned on three days');
SELECT results_eq(format($$
    SELECT day, is_partial, chats, inbound_messages, outbound_messages, positive_feedback, negative_feedback,
        ht_requests,
           ht_starts, returning_users, csat_total, csat_sum, csat_avg_score, ai_quality_sample_size, ai_quality_sum,
           ai_quality_score, error_count, containment
      FROM daybook.page_summary('few', %L, %L)
$$, first_day, end_day), format($$
    VALUES (date %L, false, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint,
        0::bigint,
            0::numeric, NULL::numeric, 0::bigint, 0::numeric, NULL::numeric, 0::bigint, NULL::numeric)
$$, first_day), what)
  FROM (VALUES ('2026-03-01', '2026-03-01', 'an empty range is one row of zeros'),
               ('2025-03-01', '2025-03-09', 'and so is one without events')) AS ranges (first_day, end_day, what);
SELECT is((SELECT chats FROM daybook.page_summary('few', '0001-01-01', '9999-12-31')), 7::bigint,
          'all the years are one range');
SELECT results_eq(format($$SELECT is_partial FROM daybook.page_summary('few',
                  '2026-01-01', (now() AT TIME ZONE 'UTC')::date + %s)$$, more),
                  format('VALUES (%L::boolean)', more > 0),
                  format('the end %s after today: partial is %s', more, more > 0))
  FROM unnest('{0,1}'::integer[]) AS more;

-- The gate.
SELECT is_empty(format('SELECT * FROM daybook.%I(%L, %L, %L)', page, 'sum1', '2026-01-01', '2026-03-01'),
                page || ' shows no other project')
  FROM unnest('{page_summary,page_summary_daily}'::text[]) AS page;
SELECT set_config('daybook.admitted', '', false);
SELECT is_empty($$SELECT * FROM daybook.page_summary('few', '2026-01-01', '2026-03-01')$$,
                'nor any when nobody is admitted');
SELECT is_empty($$SELECT * FROM daybook.page_summary(NULL, '2026-01-01', '2026-03-01')$$, 'nor without a project');
SELECT set_eq($$
    SELECT a.grantee::regrole::text FROM pg_proc p, aclexplode(p.proacl) a
     WHERE p.oid = 'daybook.page_summary(text, date, date)'::regprocedure AND a.grantee <> p.proowner
$$, ARRAY['daybook_responder'], 'only the responder may ask for a page');
SELECT set_config('daybook.admitted', 'few', false);
SET ROLE daybook_responder;
SELECT is((SELECT chats FROM daybook.page_summary('few', '2026-03-01', '2026-04-01')), 7::bigint, 'and gets it');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
