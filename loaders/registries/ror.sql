-- title: ROR data dump (JSON, schema 2)
-- reads: ror(id, names, types, status, locations, relationships, ?established, ?links)

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

-- A code of ISO 3166-2; of Uzbekistan only those of its regions are known.
CREATE MACRO region_of(country, part) AS CASE
  WHEN country = 'UZ' THEN (SELECT code FROM klaster.region WHERE spelling = 'uz-' || lower(part))
  WHEN regexp_matches(part, '^[A-Z0-9]{1,3}$') THEN country || '-' || part END;

CREATE TABLE organisation AS
SELECT
  id,
  from_json(names, '[{"lang": "VARCHAR", "types": ["VARCHAR"], "value": "VARCHAR"}]') AS names,
  string_split(types, ';') AS types,
  status,
  established,
  from_json(locations, '[{"geonames_details": {"name": "VARCHAR", "country_code": "VARCHAR",
    "country_subdivision_code": "VARCHAR", "country_subdivision_name": "VARCHAR",
    "lat": "DOUBLE", "lng": "DOUBLE"}}]')[1].geonames_details AS location,
  from_json(links, '[{"type": "VARCHAR", "value": "VARCHAR"}]') AS links
FROM ror;

CREATE TABLE named AS
SELECT
  o.*,
  coalesce(
    list_filter(names, lambda n: list_contains(n.types, 'ror_display'))[1].value,
    names[1].value) AS name,
  list_filter(names, lambda n: n.lang = 'en' AND list_contains(n.types, 'label'))[1].value AS name_en,
  list_filter(names, lambda n: n.lang = 'uz' AND list_contains(n.types, 'label'))[1].value AS name_uz,
  list_filter(names, lambda n: n.lang = 'ru' AND list_contains(n.types, 'label'))[1].value AS name_ru
FROM organisation AS o;

CREATE TABLE related AS
SELECT
  r.id,
  r._row AS source_row,
  unnest(from_json(r.relationships, '[{"id": "VARCHAR", "label": "VARCHAR", "type": "VARCHAR"}]')) AS link
FROM ror AS r;

CREATE TABLE relation AS
SELECT id, link.id AS other, lower(link.type) AS type, link.label AS label, source_row FROM related;

-- What leads out of the source, or is no link of ours, is told in words.
CREATE VIEW remarks AS
SELECT
  r.id,
  string_agg(r.type || ': ' || coalesce(r.label || ' ', '') || '(' || r.other || ')', '; '
    ORDER BY r.type, r.other) AS told
FROM relation AS r
LEFT JOIN organisation AS o ON o.id = r.other
WHERE r.type IN ('predecessor', 'successor') OR o.id IS NULL
GROUP BY r.id;

CREATE TABLE actors AS
SELECT
  n.id,
  n.name,
  n.name_en,
  n.name_uz,
  n.name_ru,
  list_sort(list_distinct(list_transform(
    list_filter(n.names, lambda other: other.value NOT IN
      (n.name, coalesce(n.name_en, ''), coalesce(n.name_uz, ''), coalesce(n.name_ru, ''))),
    lambda other: replace(other.value, ';', ',')))) AS aliases,
  kind_of(n.types) AS kind,
  CASE WHEN list_contains(n.types, 'funder') THEN 'financier' END AS roles,
  country_of(n.location.country_code) AS country,
  region_of(n.location.country_code, n.location.country_subdivision_code) AS region,
  concat_ws(', ', n.location.name,
    CASE WHEN n.location.country_subdivision_name <> n.location.name THEN n.location.country_subdivision_name END) AS place,
  n.location.lat AS lat,
  n.location.lng AS lon,
  n.id AS ror,
  list_filter(n.links, lambda l: l.type = 'website')[1].value AS website,
  CASE WHEN regexp_matches(n.established, '^[12][0-9]{3}$') THEN n.established END AS valid_from,
  concat_ws('; ',
    'ROR types: ' || array_to_string(n.types, ', '),
    CASE WHEN n.status <> 'active' THEN n.status || ' in ROR' END,
    r.told) AS note
FROM named AS n
LEFT JOIN remarks AS r ON r.id = n.id;

-- A parent and a child each tell of the other; the link is one.
CREATE VIEW parents AS
SELECT other AS owner, id AS owned, source_row FROM relation WHERE type = 'parent'
UNION ALL
SELECT id AS owner, other AS owned, source_row FROM relation WHERE type = 'child';

CREATE TABLE ownerships AS
SELECT p.owner, p.owned, 'subordination' AS kind, min(p.source_row) AS _row
FROM parents AS p
JOIN organisation AS a ON a.id = p.owner
JOIN organisation AS b ON b.id = p.owned
GROUP BY p.owner, p.owned;

CREATE VIEW pairs AS
SELECT least(r.id, r.other) AS one, greatest(r.id, r.other) AS other, min(r.source_row) AS source_row
FROM relation AS r
JOIN organisation AS a ON a.id = r.id
JOIN organisation AS b ON b.id = r.other
WHERE r.type = 'related'
GROUP BY least(r.id, r.other), greatest(r.id, r.other);

CREATE TABLE cooperations AS
SELECT one || ' ' || other AS id, 'unspecified' AS kind, one AS participant, 'related in ROR' AS note, source_row AS _row FROM pairs
UNION ALL
SELECT one || ' ' || other AS id, 'unspecified' AS kind, other AS participant, 'related in ROR' AS note, source_row AS _row FROM pairs;
