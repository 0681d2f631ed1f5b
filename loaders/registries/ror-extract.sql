-- title: ROR organisations of one country, as three tables
-- reads: organisations(ror_id, name, types, status, country, ?name_en, ?name_uz, ?name_ru, ?established, ?city, ?region, ?lat, ?lon, ?website)
-- reads: ?names(ror_id, name, ?lang, ?kinds)
-- reads: ?relationships(ror_id, relation, related_ror_id, ?related_label)

CREATE MACRO country_of(cell) AS
  (SELECT code FROM klaster.country WHERE spelling = lower(trim(cell)));

-- What ROR calls education is a university or the like; a hospital or an archive is no kind of ours.
CREATE MACRO kind_of(types) AS CASE
  WHEN list_contains(types, 'education') THEN 'university'
  WHEN list_contains(types, 'facility') THEN 'research'
  WHEN list_contains(types, 'company') THEN 'enterprise'
  WHEN list_contains(types, 'government') THEN 'government'
  WHEN types = ['funder'] THEN 'finance'
  ELSE 'other' END;

-- “Tashkent” alone is the city. What names no region of Uzbekistan stays in the place.
CREATE MACRO region_of(cell) AS
  (SELECT code FROM klaster.region WHERE spelling = lower(trim(replace(cell, 'ʻ', ''''))));

CREATE VIEW other_names AS
SELECT n.ror_id, list(DISTINCT replace(n.name, ';', ',') ORDER BY replace(n.name, ';', ',')) AS aliases
FROM names AS n
JOIN organisations AS o ON o.ror_id = n.ror_id
WHERE n.name NOT IN (o.name, coalesce(o.name_en, ''), coalesce(o.name_ru, ''), coalesce(o.name_uz, ''))
GROUP BY n.ror_id;

-- What leads out of the source, or is no link of ours, is told in words.
CREATE VIEW remarks AS
SELECT
  r.ror_id,
  string_agg(r.relation || ': ' || coalesce(r.related_label || ' ', '') || '(' || r.related_ror_id || ')', '; '
    ORDER BY r.relation, r.related_ror_id) AS told
FROM relationships AS r
LEFT JOIN organisations AS o ON o.ror_id = r.related_ror_id
WHERE r.relation IN ('predecessor', 'successor') OR o.ror_id IS NULL
GROUP BY r.ror_id;

CREATE TABLE actors AS
SELECT
  o.ror_id AS id,
  o.name,
  o.name_en,
  o.name_uz,
  o.name_ru,
  n.aliases,
  kind_of(string_split(o.types, '|')) AS kind,
  CASE WHEN list_contains(string_split(o.types, '|'), 'funder') THEN 'financier' END AS roles,
  country_of(o.country) AS country,
  CASE WHEN country_of(o.country) = 'UZ' THEN region_of(o.region) END AS region,
  concat_ws(', ', o.city, CASE WHEN o.region <> o.city THEN o.region END) AS place,
  o.lat,
  o.lon,
  o.ror_id AS ror,
  o.website,
  CASE WHEN regexp_matches(o.established, '^[12][0-9]{3}$') THEN o.established END AS valid_from,
  concat_ws('; ',
    'ROR types: ' || replace(o.types, '|', ', '),
    CASE WHEN o.status <> 'active' THEN o.status || ' in ROR' END,
    r.told) AS note
FROM organisations AS o
LEFT JOIN other_names AS n ON n.ror_id = o.ror_id
LEFT JOIN remarks AS r ON r.ror_id = o.ror_id;

-- A parent and a child each tell of the other; the link is one.
CREATE VIEW parents AS
SELECT related_ror_id AS owner, ror_id AS owned, relationships._row AS _row FROM relationships WHERE relation = 'parent'
UNION ALL
SELECT ror_id AS owner, related_ror_id AS owned, relationships._row AS _row FROM relationships WHERE relation = 'child';

CREATE TABLE ownerships AS
SELECT p.owner, p.owned, 'subordination' AS kind, min(p._row) AS _row
FROM parents AS p
JOIN organisations AS a ON a.ror_id = p.owner
JOIN organisations AS b ON b.ror_id = p.owned
GROUP BY p.owner, p.owned;

CREATE VIEW pairs AS
SELECT
  least(r.ror_id, r.related_ror_id) AS one,
  greatest(r.ror_id, r.related_ror_id) AS other,
  min(r._row) AS _row
FROM relationships AS r
JOIN organisations AS a ON a.ror_id = r.ror_id
JOIN organisations AS b ON b.ror_id = r.related_ror_id
WHERE r.relation = 'related'
GROUP BY least(r.ror_id, r.related_ror_id), greatest(r.ror_id, r.related_ror_id);

CREATE TABLE cooperations AS
SELECT one || ' ' || other AS id, 'unspecified' AS kind, one AS participant, 'related in ROR' AS note, _row FROM pairs
UNION ALL
SELECT one || ' ' || other AS id, 'unspecified' AS kind, other AS participant, 'related in ROR' AS note, _row FROM pairs;
