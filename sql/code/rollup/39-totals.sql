-- What a day comes to, all increments added up. What a sketch comes to stands beside the numbers of its day. So a sketch is
-- read only where returns are pending, which are to be united with it.

CREATE OR REPLACE VIEW daybook.totals AS
SELECT s.project_id, s.day,
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
       CASE WHEN @extschema:hll@.hll_union_agg(users) FILTER (WHERE users IS NOT NULL) IS NULL THEN max(returned)
            ELSE @extschema:hll@.hll_cardinality(coalesce(
                     @extschema:hll@.hll_union(@extschema:hll@.hll_union_agg(users) FILTER (WHERE users IS NOT NULL),
                                               (SELECT k.returning_users FROM daybook.sketches k
                                                 WHERE k.project_id = s.project_id AND k.day = s.day)),
                     @extschema:hll@.hll_union_agg(users) FILTER (WHERE users IS NOT NULL))) END AS returned
  FROM daybook.sketched s
 GROUP BY s.project_id, s.day;
COMMENT ON VIEW daybook.totals IS 'One row for each project and day: sketched, added up.';
CALL daybook.comment_columns_as('daybook.totals', 'daybook.measured');
COMMENT ON COLUMN daybook.totals.returned IS 'How many users returned, as it is estimated; null: nobody.';

-- Users of several days are those of all their sketches.
CREATE OR REPLACE VIEW daybook.spanned AS
SELECT * FROM daybook.sketched
UNION ALL
SELECT project_id, day, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint,
       NULL::bigint, NULL::bigint, NULL::numeric, NULL::bigint, NULL::numeric, NULL::bigint, NULL::bigint, returning_users,
       NULL::double precision
  FROM daybook.sketches;
COMMENT ON VIEW daybook.spanned IS 'sketched, with every sketch that there is: to be added up over several days.';
CALL daybook.comment_columns_as('daybook.spanned', 'daybook.measured');

CREATE OR REPLACE VIEW daybook.returned AS
SELECT project_id, day, returned AS estimated FROM daybook.totals
UNION
SELECT project_id, day, @extschema:hll@.hll_cardinality(@extschema:hll@.hll_union_agg(users)) FROM daybook.spanned
 GROUP BY project_id, day
UNION
SELECT k.project_id, k.day, 0 FROM daybook.sketches k
 WHERE NOT EXISTS (SELECT FROM daybook.daily d WHERE d.project_id = k.project_id AND d.day = k.day);
COMMENT ON VIEW   daybook.returned IS
    'How many users are shown as having returned on a day, for verify(): a second row if the day''s sketch says otherwise, or '
    'if it is left of a day that is lost.';
COMMENT ON COLUMN daybook.returned.project_id IS 'The project.';
COMMENT ON COLUMN daybook.returned.day        IS 'The day, UTC.';
COMMENT ON COLUMN daybook.returned.estimated  IS 'The number, as it is estimated; null: nobody.';
