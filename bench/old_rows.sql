-- Old alerts :first to :last: cases long closed, whose dispatches ended, as many rows as the engine leaves.
-- Keys grow with time and are older than any that are made now; phones, stems and references are chance, as they are.

CREATE OR REPLACE FUNCTION pg_temp.key(n integer, of text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex(1756699200000 + n), 12, '0') || '7' || substr(md5(of || n), 1, 3)
            || '8' || substr(md5(of || n), 4, 15))::uuid $$;

CREATE OR REPLACE FUNCTION pg_temp.at(n integer) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
    SELECT timestamptz '2026-06-01 04:00:00+00' + n * interval '1 second' $$;

CREATE OR REPLACE FUNCTION pg_temp.sealed(n integer, bytes integer) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT decode(repeat(md5(n::text), bytes / 16), 'hex') $$;

CREATE TEMP TABLE IF NOT EXISTS ways (way text, channel text, means text, came text);
TRUNCATE ways;
INSERT INTO ways VALUES ('sms', 'sms', 'carrier', 'delivered'), ('call', 'call', 'robot', 'heard');

INSERT INTO policies (digest, name, body, first_used_at) VALUES ('old', 'old', '', now()) ON CONFLICT DO NOTHING;

INSERT INTO cases (id, phone_index, phone_sealed, key_id, fraud_type, first_risk, risk, region, is_test, pushes,
                   second_warning, state, opened_at, contacted_at, contacted_by, close_code, closed_at, policy_digest)
SELECT pg_temp.key(n, 'case'), sha256(('phone' || n)::bytea), pg_temp.sealed(n, 48), 'k1', 'fake_investment', 'L4',
       'L4', '140105', false, 1, false, 'closed', pg_temp.at(n), pg_temp.at(n), 'robot', 'auto_closed', pg_temp.at(n),
       'old'
FROM generate_series(:first, :last) n;

INSERT INTO alerts (id, source, source_ref, body_index, door, case_id, merged, is_test, risk, fraud_type, region,
                    region_from, pushed_at, received_at, phone_index, sealed, key_id)
SELECT pg_temp.key(n, 'alert'), 'bank', 'OLD-' || n, sha256(('body' || n)::bytea), 'bench', pg_temp.key(n, 'case'),
       false, false, 'L4', 'fake_investment', '140105', 'given', pg_temp.at(n), pg_temp.at(n),
       sha256(('phone' || n)::bytea), pg_temp.sealed(n, 112), 'k1'
FROM generate_series(:first, :last) n;

INSERT INTO deadlines (id, case_id, kind, step, started_at, due_at, done_at, late_on_arrival)
SELECT pg_temp.key(n, 'limit'), pg_temp.key(n, 'case'), 'contact', 0, pg_temp.at(n), pg_temp.at(n), pg_temp.at(n), false
FROM generate_series(:first, :last) n;

INSERT INTO dispatches (id, case_id, phone_index, stem, channel, means, target, risk, lane, state, planned_at, due_at,
                        ring_at, rings, fence, tries, attempts, handed_over_at, outcome, ended_at)
SELECT pg_temp.key(n, way), pg_temp.key(n, 'case'), sha256(('phone' || n)::bytea), substr(md5(way || n), 1, 12),
       channel, means, 'self', 'L4', 'routine', 'fulfilled', pg_temp.at(n), pg_temp.at(n), pg_temp.at(n), 1, 1, 1, 1,
       pg_temp.at(n), came, pg_temp.at(n)
FROM generate_series(:first, :last) n, ways;

INSERT INTO attempts (id, dispatch_id, number, reference, carrier, begun_at, answered_at, answer, carrier_ref, asks,
                      outcome, outcome_code, outcome_at)
SELECT pg_temp.key(n, 'try' || way), pg_temp.key(n, way), 1, substr(md5(way || n), 1, 12) || '01', 'simulator',
       pg_temp.at(n), pg_temp.at(n), 'accepted', 'C-0123456789', 0, came, 'OLD', pg_temp.at(n)
FROM generate_series(:first, :last) n, ways;

INSERT INTO receipts (id, carrier, reference, code, happened_at, received_at, state, tries, again_at, applied_at,
                      sealed, key_id)
SELECT pg_temp.key(n, 'news' || way), 'simulator', substr(md5(way || n), 1, 12) || '01', 'OLD', pg_temp.at(n),
       pg_temp.at(n), 'applied', 1, pg_temp.at(n), pg_temp.at(n), pg_temp.sealed(n, 96), 'k1'
FROM generate_series(:first, :last) n, ways;

INSERT INTO events (id, case_id, at, actor, what)
SELECT pg_temp.key(n, 'line' || line), pg_temp.key(n, 'case'), pg_temp.at(n), 'old', what
FROM generate_series(:first, :last) n,
     (VALUES (1, 'opened'), (2, 'accept'), (3, 'accept'), (4, 'fulfil'), (5, 'fulfil'), (6, 'closed')) l (line, what);
