-- What Daybook knows of each kind of event. Each fact stands here, once.

CREATE OR REPLACE VIEW daybook.measures (measure, kind, sums_scores) AS VALUES
    ('chats',             'chat_start',        false),
    ('inbound_messages',  'inbound_message',   false),
    ('outbound_messages', 'outbound_message',  false),
    ('positive_feedback', 'positive_feedback', false),
    ('negative_feedback', 'negative_feedback', false),
    ('ht_requests',       'ht_request',        false),
    ('ht_starts',         'ht_start',          false),
    ('csat_count',        'csat',              false),
    ('csat_sum',          'csat',              true),
    ('ai_quality_count',  'ai_quality',        false),
    ('ai_quality_sum',    'ai_quality',        true),
    ('api_errors',        'api_error',         false);
COMMENT ON VIEW   daybook.measures IS 'What the rollup adds up, as verify() names it.';
COMMENT ON COLUMN daybook.measures.measure     IS 'Its name.';
COMMENT ON COLUMN daybook.measures.kind        IS 'The kind of events that it counts.';
COMMENT ON COLUMN daybook.measures.sums_scores IS 'Whether it sums up their scores; else it is their number.';

CREATE OR REPLACE FUNCTION daybook.is_activity(kind daybook.event_kind) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN kind::text IN ('chat_start', 'inbound_message');
COMMENT ON FUNCTION daybook.is_activity(daybook.event_kind) IS
    'Whether an event of this kind makes its user active on the day.';
REVOKE EXECUTE ON FUNCTION daybook.is_activity(daybook.event_kind) FROM PUBLIC;

-- Arrays of the rollup have a place for each kind. For example, counts[daybook.slot('csat')] is the number of CSAT
-- responses. A kind's place never changes, since kinds are only ever added behind the last.
--
-- The functions below are declared immutable, although what they rest on can grow. So each is evaluated once, when a query
-- is planned. Looking a kind up in the catalogue for each row would take longer than all the rest. A migrate that adds a
-- kind replaces the views, and with them every plan.
CREATE OR REPLACE FUNCTION daybook.kinds() RETURNS daybook.event_kind[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN enum_range(NULL::daybook.event_kind);
COMMENT ON FUNCTION daybook.kinds() IS 'All kinds of events, in the order of their places.';
REVOKE EXECUTE ON FUNCTION daybook.kinds() FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.kinds() TO daybook_responder, daybook_reader;

CREATE OR REPLACE FUNCTION daybook.slot(kind text) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_position(daybook.kinds(), kind::daybook.event_kind);
COMMENT ON FUNCTION daybook.slot(text) IS
    'The place of a kind of event in the arrays of the rollup, from 1; fails for a kind that is none.';
REVOKE EXECUTE ON FUNCTION daybook.slot(text) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.slot(text) TO daybook_responder, daybook_reader;

CREATE OR REPLACE FUNCTION daybook.number_of(counts bigint[], kind text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN counts[daybook.slot(kind)];
COMMENT ON FUNCTION daybook.number_of(bigint[], text) IS 'The number of events of a kind; null: none.';
REVOKE EXECUTE ON FUNCTION daybook.number_of(bigint[], text) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.number_of(bigint[], text) TO daybook_responder, daybook_reader;

CREATE OR REPLACE FUNCTION daybook.sum_of(sums numeric[], kind text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sums[daybook.slot(kind)];
COMMENT ON FUNCTION daybook.sum_of(numeric[], text) IS 'The sum of the scores of a kind; null: there are none.';
REVOKE EXECUTE ON FUNCTION daybook.sum_of(numeric[], text) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.sum_of(numeric[], text) TO daybook_responder, daybook_reader;

CREATE OR REPLACE FUNCTION daybook.activity(counts bigint[]) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(daybook.number_of(counts, 'chat_start'), 0) + coalesce(daybook.number_of(counts, 'inbound_message'), 0);
COMMENT ON FUNCTION daybook.activity(bigint[]) IS 'The number of events for which daybook.is_activity() holds.';
REVOKE EXECUTE ON FUNCTION daybook.activity(bigint[]) FROM PUBLIC;
GRANT  EXECUTE ON FUNCTION daybook.activity(bigint[]) TO daybook_responder, daybook_reader;
