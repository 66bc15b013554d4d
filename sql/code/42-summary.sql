-- All KPIs in one row: of a day, and of a range of days.

CREATE OR REPLACE VIEW daybook.summary_daily AS
SELECT project_id, day, chats, inbound_messages, outbound_messages, positive_feedback, negative_feedback,
       ht_requests, ht_starts,
       daybook.distinct_users(returned, active) AS returning_users,
       csat_total, daybook.shortest(csat_sum) AS csat_sum, daybook.quotient(csat_sum, csat_total, 2) AS csat_avg_score,
       ai_quality_sample_size, daybook.shortest(ai_quality_sum) AS ai_quality_sum,
       daybook.quotient(ai_quality_sum, ai_quality_sample_size, 2) AS ai_quality_score,
       error_count
  FROM daybook.totals;
COMMENT ON VIEW   daybook.summary_daily IS
    'All KPIs by project and day, with the exact sums that averages over days need.';
COMMENT ON COLUMN daybook.summary_daily.project_id        IS 'The project.';
COMMENT ON COLUMN daybook.summary_daily.day               IS 'The day, UTC. Days without any event are absent.';
COMMENT ON COLUMN daybook.summary_daily.chats             IS 'Chats started on the day.';
COMMENT ON COLUMN daybook.summary_daily.inbound_messages  IS 'Messages sent by users to the agent.';
COMMENT ON COLUMN daybook.summary_daily.outbound_messages IS 'Messages sent by the agent to users.';
COMMENT ON COLUMN daybook.summary_daily.positive_feedback IS 'Thumbs up.';
COMMENT ON COLUMN daybook.summary_daily.negative_feedback IS 'Thumbs down.';
COMMENT ON COLUMN daybook.summary_daily.ht_requests       IS 'Requests for a human agent.';
COMMENT ON COLUMN daybook.summary_daily.ht_starts         IS 'Human takeovers actually started.';
COMMENT ON COLUMN daybook.summary_daily.returning_users   IS
    'Distinct users who started a chat or sent a message on the day and were first seen before it. '
    'HyperLogLog: exact for small numbers, then a standard error of 1.6 %. They cannot be added up over days.';
COMMENT ON COLUMN daybook.summary_daily.csat_total        IS 'CSAT responses.';
COMMENT ON COLUMN daybook.summary_daily.csat_sum          IS
    'The sum of their scores, exact. Over several days, the average is sum(csat_sum) / sum(csat_total).';
COMMENT ON COLUMN daybook.summary_daily.csat_avg_score    IS
    'Their average, 1 to 5, rounded half away from zero to 2 decimals; null where there is none.';
COMMENT ON COLUMN daybook.summary_daily.ai_quality_sample_size IS 'Number of AI quality scores.';
COMMENT ON COLUMN daybook.summary_daily.ai_quality_sum    IS
    'The sum of these scores, exact. Over several days, the average is sum(ai_quality_sum) / '
    'sum(ai_quality_sample_size).';
COMMENT ON COLUMN daybook.summary_daily.ai_quality_score  IS
    'Average of the scores, 0 to 1, rounded half away from zero to 2 decimals; null where there is none.';
COMMENT ON COLUMN daybook.summary_daily.error_count       IS 'api_error events of the day.';
CALL daybook.publish('summary_daily', 'page_summary_daily');

-- One row whatever the range, and however many years it has: days without events are none that cost.
CREATE OR REPLACE FUNCTION daybook.summed(
    IN project text, IN first_day date, IN end_day date,
    OUT day date, OUT is_partial boolean, OUT chats bigint, OUT inbound_messages bigint, OUT outbound_messages bigint,
    OUT positive_feedback bigint, OUT negative_feedback bigint, OUT ht_requests bigint, OUT ht_starts bigint,
    OUT returning_users bigint, OUT csat_total bigint, OUT csat_sum numeric, OUT csat_avg_score numeric,
    OUT ai_quality_sample_size bigint, OUT ai_quality_sum numeric, OUT ai_quality_score numeric,
    OUT error_count bigint, OUT containment numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off
AS $$
#variable_conflict use_column
BEGIN
    SELECT daybook.total(s.chats), daybook.total(s.inbound_messages), daybook.total(s.outbound_messages),
           daybook.total(s.positive_feedback), daybook.total(s.negative_feedback), daybook.total(s.ht_requests),
           daybook.total(s.ht_starts),
           daybook.distinct_users(@extschema:hll@.hll_union_agg(s.users), daybook.total(s.active)),
           daybook.total(s.csat_total), daybook.shortest(sum(s.csat_sum)),
           daybook.total(s.ai_quality_sample_size), daybook.shortest(sum(s.ai_quality_sum)),
           daybook.total(s.error_count)
      INTO chats, inbound_messages, outbound_messages, positive_feedback, negative_feedback, ht_requests, ht_starts,
           returning_users, csat_total, csat_sum, ai_quality_sample_size, ai_quality_sum, error_count
      FROM daybook.spanned s
     WHERE s.project_id = project AND s.day >= first_day AND s.day < end_day;
    day              := first_day;
    is_partial       := end_day > daybook.utc_day(now());
    csat_avg_score   := daybook.quotient(csat_sum, csat_total, 2);
    ai_quality_score := daybook.quotient(ai_quality_sum, ai_quality_sample_size, 2);
    containment      := daybook.quotient(chats - ht_starts, chats, 4);
END
$$;
COMMENT ON FUNCTION daybook.summed(text, date, date) IS
    'All KPIs of a project over the days from one to before another, as one: as in daybook.summary_daily, but '
    'returning users are those of all the days united. is_partial: the range ends after today. containment: the share '
    'of chats without a human takeover, to 4 decimals; null without chats.';
REVOKE EXECUTE ON FUNCTION daybook.summed(text, date, date) FROM PUBLIC;

-- It runs as the owner in every store, for the reasons that citus/35-publish.sql tells; and not to be planned for each
-- page.
CREATE OR REPLACE FUNCTION daybook.page_summary(project text, first_day date, end_day date)
RETURNS TABLE (
    day date, is_partial boolean, chats bigint, inbound_messages bigint, outbound_messages bigint,
    positive_feedback bigint, negative_feedback bigint, ht_requests bigint, ht_starts bigint, returning_users bigint,
    csat_total bigint, csat_sum numeric, csat_avg_score numeric, ai_quality_sample_size bigint, ai_quality_sum numeric,
    ai_quality_score numeric, error_count bigint, containment numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('daybook.admitted', true) = project THEN
        RETURN QUERY SELECT s.* FROM daybook.summed(project, first_day, end_day) s;
    END IF;
END
$$;
COMMENT ON FUNCTION daybook.page_summary(text, date, date) IS
    'One row, daybook.summed(), for the project that daybook.admit() has let pass; for any other project, none.';
REVOKE EXECUTE ON FUNCTION daybook.page_summary(text, date, date) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.page_summary(text, date, date) TO daybook_responder;

CREATE OR REPLACE FUNCTION daybook.change(before numeric, now numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN before > 0 THEN daybook.quotient(now - before, before, 4) END;
COMMENT ON FUNCTION daybook.change(numeric, numeric) IS
    'How much more now is than before, as a share of that, to 4 decimals; null if that is not above 0, or either is null.';
REVOKE EXECUTE ON FUNCTION daybook.change(numeric, numeric) FROM PUBLIC;

-- Averages are compared as the exact quotients that they are: a/b to c/d is as a*d to c*b.
CREATE OR REPLACE FUNCTION daybook.page_comparison(project text, first_day date, end_day date)
RETURNS TABLE (
    day date, is_partial boolean, chats bigint, inbound_messages bigint, outbound_messages bigint,
    positive_feedback bigint, negative_feedback bigint, ht_requests bigint, ht_starts bigint, returning_users bigint,
    csat_total bigint, csat_sum numeric, csat_avg_score numeric, ai_quality_sample_size bigint, ai_quality_sum numeric,
    ai_quality_score numeric, error_count bigint, containment numeric,
    chats_change numeric, inbound_messages_change numeric, outbound_messages_change numeric,
    positive_feedback_change numeric, negative_feedback_change numeric, ht_requests_change numeric,
    ht_starts_change numeric, returning_users_change numeric, csat_total_change numeric, csat_sum_change numeric,
    csat_avg_score_change numeric, ai_quality_sample_size_change numeric, ai_quality_sum_change numeric,
    ai_quality_score_change numeric, error_count_change numeric, containment_change numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    middle CONSTANT date := first_day + (end_day - first_day) / 2;
    b record; -- before
    n record; -- now
BEGIN
    IF (current_setting('daybook.admitted', true) = project) IS NOT TRUE THEN
        RETURN;
    END IF;
    SELECT s.* INTO b FROM daybook.summed(project, first_day, middle) s;
    RETURN QUERY
    SELECT b.day, b.is_partial, b.chats, b.inbound_messages, b.outbound_messages, b.positive_feedback,
           b.negative_feedback, b.ht_requests, b.ht_starts, b.returning_users, b.csat_total, b.csat_sum,
           b.csat_avg_score,
           b.ai_quality_sample_size, b.ai_quality_sum, b.ai_quality_score, b.error_count, b.containment,
           NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric,
           NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric,
           NULL::numeric, NULL::numeric;

    SELECT s.* INTO n FROM daybook.summed(project, middle, end_day) s;
    -- What came before the first event was not counted, and is not to be compared with.
    IF first_day < coalesce((SELECT p.first_day FROM daybook.page_state(project, NULL, NULL) p), 'infinity') THEN
        SELECT s.* INTO b FROM daybook.summed(project, first_day, middle) s WHERE false; -- nulls
    END IF;
    RETURN QUERY
    SELECT n.day, n.is_partial, n.chats, n.inbound_messages, n.outbound_messages, n.positive_feedback,
           n.negative_feedback, n.ht_requests, n.ht_starts, n.returning_users, n.csat_total, n.csat_sum,
           n.csat_avg_score,
           n.ai_quality_sample_size, n.ai_quality_sum, n.ai_quality_score, n.error_count, n.containment,
           daybook.change(b.chats, n.chats), daybook.change(b.inbound_messages, n.inbound_messages),
           daybook.change(b.outbound_messages, n.outbound_messages),
           daybook.change(b.positive_feedback, n.positive_feedback),
           daybook.change(b.negative_feedback, n.negative_feedback), daybook.change(b.ht_requests, n.ht_requests),
           daybook.change(b.ht_starts, n.ht_starts), daybook.change(b.returning_users, n.returning_users),
           daybook.change(b.csat_total, n.csat_total), daybook.change(b.csat_sum, n.csat_sum),
           daybook.change(b.csat_sum * n.csat_total, n.csat_sum * b.csat_total),
           daybook.change(b.ai_quality_sample_size, n.ai_quality_sample_size),
           daybook.change(b.ai_quality_sum, n.ai_quality_sum),
           daybook.change(b.ai_quality_sum * n.ai_quality_sample_size, n.ai_quality_sum * b.ai_quality_sample_size),
           daybook.change(b.error_count, n.error_count),
           daybook.change((b.chats - b.ht_starts)::numeric * n.chats, (n.chats - n.ht_starts)::numeric * b.chats);
END
$$;
COMMENT ON FUNCTION daybook.page_comparison(text, date, date) IS
    'Two rows for the project that daybook.admit() has let pass, and none for any other: daybook.summed() of the '
    'earlier half of the days, and of the later half with the changes between the two, as shares of the earlier '
    'number to 4 decimals. A change is null from 0, from or to nothing, and if the earlier half begins before the '
    'project''s first day with an event.';
REVOKE EXECUTE ON FUNCTION daybook.page_comparison(text, date, date) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.page_comparison(text, date, date) TO daybook_responder;
