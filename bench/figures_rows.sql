-- The facts of :alerts made-up alerts over two calendar years, warned by 2.2 dispatches each; the parameters are
-- replaced as they stand. One alert in twelve is of somebody who has others (twice the
-- share of cli/sample.py: those who come again, and their first ones); each such person has three in the mean.
SELECT setseed(0.5);
WITH drawn AS (
    SELECT
        i,
        (:first_ms + (i::float8 * :span_ms / :alerts))::bigint AS ms,
        random() < 0.08 AS several,
        random() AS level, random() AS kind, random() AS place, random() AS origin,
        random() AS reached, random() AS verdict, random() AS late, random() AS joined
    FROM generate_series(1, :alerts) AS i
), told AS (
    SELECT
        *,
        CASE WHEN level < 0.02 THEN 'L1' WHEN level < 0.10 THEN 'L2' WHEN level < 0.5 THEN 'L3' ELSE 'L4' END AS risk,
        level < 0.5 AND reached < 0.6 AS answered,
        level < 0.10 AND reached < 0.7 AS met,
        (several AND joined < 0.1) AS merged,
        CASE WHEN several THEN (random() * :alerts * 0.08 / 3)::bigint ELSE i + 1000000000000 END AS whose
    FROM drawn
)
INSERT INTO figures_alerts
SELECT
    md5('a' || i)::uuid, md5('c' || i)::uuid, sha256(whose::text::bytea), NOT several, merged, false, false,
    to_timestamp(ms / 1000.0), ((ms + 28800000) / 86400000)::int, ((ms + 28800000) % 86400000 / 3600000)::int,
    (ARRAY[:counties])[1 + floor(place * place * :many_counties)::int],
    (ARRAY['national_centre', 'province_model', 'telecom_cmcc', 'bank', 'telecom_cucc'])[1 + floor(origin * 5)::int],
    (ARRAY['brush_rebate', 'fake_customer_service', 'fake_loan', 'fake_investment', 'fake_police', 'fake_shopping',
        'elder_fraud', 'romance'])[1 + floor(kind * kind * 8)::int],
    risk, risk, NULL, '30-44', NULL,
    CASE WHEN merged THEN 0 ELSE
        1 + (CASE WHEN level < 0.5 THEN 2 ELSE 0 END) + (CASE WHEN answered THEN 4 ELSE 0 END)
        + (CASE WHEN level < 0.10 THEN 8 + 64 ELSE 0 END) + (CASE WHEN met THEN 16 + 128 ELSE 0 END)
        + (CASE WHEN answered OR met THEN 32 + 2048 ELSE 0 END)
        + (CASE WHEN level < 0.5 THEN 256 ELSE 0 END) + (CASE WHEN level < 0.5 AND NOT answered THEN 512 ELSE 0 END)
        + (CASE WHEN (answered OR met) AND verdict < 0.9 THEN 1024 + 4096 + 4194304 ELSE 0 END)
        + (CASE WHEN answered THEN 1048576 + 2097152 ELSE 0 END)
        + 8388608 + (CASE WHEN late < 0.85 THEN 16777216 ELSE 0 END) + 33554432
        + (CASE WHEN level < 0.5 THEN 67108864 ELSE 0 END) + (CASE WHEN level < 0.10 THEN 134217728 ELSE 0 END)
        + 268435456 + 1073741824::bigint
    END,
    s, CASE WHEN late < 0.9 THEN s ELSE 0 END, CASE WHEN late < 0.9 THEN 0 ELSE s END, 0,
    s, s, s, CASE WHEN late < 0.8 THEN s ELSE 0 END, 0, 0, 0, s + 1, 0,
    1 - m, CASE WHEN late < 0.94 THEN 1 - m ELSE 0 END, v, CASE WHEN met THEN v ELSE 0 END,
    1 - m, CASE WHEN merged THEN 0 WHEN level < 0.10 THEN 2 ELSE 1 END, v,
    0, 0, 0, CASE WHEN answered AND verdict < 0.2 THEN 500000 ELSE 0 END, 0,
    (verdict * 20000)::bigint, CASE WHEN level < 0.5 THEN (late * 600000)::bigint END,
    CASE WHEN level < 0.5 THEN (place * 600000)::bigint END,
    CASE WHEN answered THEN (reached * 3600000)::bigint END, CASE WHEN met THEN (kind * 7200000)::bigint END,
    (verdict * 86400000)::bigint, NULL
FROM told, LATERAL (
    SELECT (level < 0.10 AND NOT merged)::int AS v, merged::int AS m, (level < 0.5 AND NOT merged)::int AS s
) AS numbers;
