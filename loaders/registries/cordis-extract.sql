-- title: CORDIS participations by organisation code, without names (eunets extract)
-- reads: participations(rcn, pic, role, type, country, contribution)
-- reads: projects(rcn, start_date, end_date, max_contribution, programme_part, ?total_cost)
-- reads: organisations(pic, type, country)

CREATE MACRO country_of(cell) AS
  (SELECT code FROM klaster.country WHERE spelling = lower(trim(cell)));

CREATE MACRO kind_of(activity) AS CASE activity
  WHEN 'PRC' THEN 'enterprise'
  WHEN 'HES' THEN 'university'
  WHEN 'REC' THEN 'research'
  WHEN 'PUB' THEN 'government'
  ELSE 'other' END;

-- The last day that is stated still counts; klaster's end is the first day after it.
CREATE MACRO day_after(cell) AS coalesce(CAST(TRY_CAST(cell AS DATE) + 1 AS VARCHAR), cell);

-- The extract holds no names; the participant code stands for one.
CREATE TABLE actors AS
SELECT
  pic AS id,
  'PIC ' || pic AS name,
  kind_of(type) AS kind,
  country_of(country) AS country,
  CASE WHEN country_of(country) IS NULL THEN 'country: ' || country END AS note
FROM organisations;

-- A participation whose project is not in the table of projects keeps what it says itself.

-- Whoever carries out a project alone cooperates with nobody; the award tells of the project.
CREATE VIEW alone AS
SELECT rcn FROM participations GROUP BY rcn HAVING count(DISTINCT pic) = 1;

CREATE TABLE cooperations AS
SELECT
  t.rcn AS id,
  'joint-rd' AS kind,
  t.pic AS participant,
  CASE WHEN t.role = 'coordinator' THEN 'coordinator' END AS role,
  t.rcn AS project,
  p.programme_part AS theme,
  t.contribution AS value,
  CASE WHEN t.contribution IS NOT NULL THEN 'EUR' END AS currency,
  p.start_date AS valid_from,
  day_after(p.end_date) AS valid_to
FROM participations AS t
LEFT JOIN projects AS p ON p.rcn = t.rcn
WHERE t.rcn NOT IN (SELECT rcn FROM alone);

CREATE TABLE policies AS
SELECT DISTINCT
  'part-' || programme_part AS id,
  'Horizon 2020, ' || programme_part AS title,
  'programme' AS kind
FROM projects
WHERE programme_part IS NOT NULL;

CREATE TABLE instruments AS
SELECT DISTINCT
  'grants-' || programme_part AS id,
  'part-' || programme_part AS policy,
  'grant' AS kind,
  'Grants under Horizon 2020, ' || programme_part AS title,
  'EUR' AS currency
FROM projects
WHERE programme_part IS NOT NULL;

CREATE TABLE awards AS
SELECT
  'grants-' || p.programme_part AS instrument,
  t.pic AS beneficiary,
  t.contribution AS amount,
  'EUR' AS currency,
  p.start_date AS valid_from,
  day_after(p.end_date) AS valid_to,
  'project ' || t.rcn AS note
FROM participations AS t
JOIN projects AS p ON p.rcn = t.rcn
WHERE p.programme_part IS NOT NULL
  AND (TRY_CAST(t.contribution AS DOUBLE) > 0 OR t.rcn IN (SELECT rcn FROM alone));
