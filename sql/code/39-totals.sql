-- What a day comes to, all increments added up. A store that keeps something of it ready has these views in a form of its
-- own; see rollup/39-totals.sql.

CREATE OR REPLACE VIEW daybook.totals AS
SELECT project_id, day,
       daybook.total(chats)                  AS chats,
       daybook.total(inbound_messages)       AS inbound_messages,
       daybook.total(outbound_messages)      AS outbound_messages,
       daybook.total(positive_feedback)      AS positive_feedback,
       daybook.total(negative_feedback)      AS negative_feedback,
       daybook.total(ht_requests)            AS ht_requests,
       daybook.total(ht_starts)              AS ht_starts,
       daybook.total(csat_total)             AS csat_total,
       sum(csat_sum)                         AS csat_sum,
       daybook.total(ai_quality_sample_size) AS ai_quality_sample_size,
       sum(ai_quality_sum)                   AS ai_quality_sum,
       daybook.total(error_count)            AS error_count,
       daybook.total(active)                 AS active,
       @extschema:hll@.hll_cardinality(@extschema:hll@.hll_union_agg(users)) AS returned
  FROM daybook.sketched
 GROUP BY project_id, day;
COMMENT ON VIEW daybook.totals IS 'One row for each project and day: sketched, added up.';
CALL daybook.comment_columns_as('daybook.totals', 'daybook.measured');
COMMENT ON COLUMN daybook.totals.returned IS 'How many users returned, as it is estimated; null: nobody.';

-- Users of several days are those of all their sketches.
CREATE OR REPLACE VIEW daybook.spanned AS
SELECT * FROM daybook.sketched;
COMMENT ON VIEW daybook.spanned IS 'sketched, with every sketch that there is: to be added up over several days.';
CALL daybook.comment_columns_as('daybook.spanned', 'daybook.measured');

CREATE OR REPLACE VIEW daybook.returned AS
SELECT project_id, day, returned AS estimated FROM daybook.totals;
COMMENT ON VIEW   daybook.returned IS 'How many users are shown as having returned on a day, for verify().';
COMMENT ON COLUMN daybook.returned.project_id IS 'The project.';
COMMENT ON COLUMN daybook.returned.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.returned.estimated  IS 'The number, as it is estimated; null: nobody.';
