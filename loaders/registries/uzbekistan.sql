-- title: Facts on the clusters of Uzbekistan, compiled from public pages (five tables)
-- reads: actors(actor_id, name, kind, sector, ?location, ?land_ha, ?employees, ?facts)
-- reads: links(from_id, relation, to_id, ?date, ?fact)
-- reads: policies(policy_id, title, date, sector, ?facts)
-- reads: policy_supports(policy_id, instrument, text, from_date, sector, ?fact)
-- reads: facts(fact, subject, predicate, object, date, source)

CREATE MACRO date_of(cell) AS
  CASE WHEN regexp_matches(cell, '^[0-9]{4}(-[0-9]{2}){0,2}$') THEN cell END;

-- Facts are named by their numbers, with spaces between them.
CREATE MACRO facts_of(cell) AS regexp_replace(trim(cell), '\s+', ';', 'g');

CREATE MACRO key_of(text) AS trim(regexp_replace(lower(text), '[^a-z0-9]+', '-', 'g'), '-');

CREATE TABLE sources AS
SELECT
  f.fact AS id,
  f.subject || ', ' || f.predicate || ': ' || f.object AS title,
  date_of(f.date) AS date,
  CASE WHEN f.source LIKE 'http%' THEN f.source END AS url,
  CASE WHEN date_of(f.date) IS NULL AND f.date IS NOT NULL THEN 'date: ' || f.date END AS note
FROM source.facts AS f;

-- The region that a location names, where it names one alone.
CREATE VIEW located AS
SELECT a.actor_id, min(r.code) AS region
FROM source.actors AS a
JOIN klaster.region AS r
  ON regexp_matches(lower(a.location), '(^|[^a-z])' || regexp_replace(r.spelling, '[^a-z ]', '.', 'g') || '($|[^a-z])')
WHERE regexp_matches(r.spelling, '^[a-z ]+$')
  AND NOT (r.spelling = 'tashkent' AND lower(a.location) LIKE '%tashkent region%')
GROUP BY a.actor_id
HAVING count(DISTINCT r.code) = 1;

CREATE TABLE actors AS
SELECT
  a.actor_id AS id,
  a.name,
  CASE a.kind
    WHEN 'cluster_company' THEN 'cluster-organization'
    WHEN 'university' THEN 'university'
    WHEN 'government' THEN 'government'
    WHEN 'research' THEN 'research'
    WHEN 'logistics' THEN 'logistics'
    WHEN 'bank' THEN 'finance'
    WHEN 'fund' THEN 'finance'
    WHEN 'association' THEN 'support'
    WHEN 'technopark' THEN 'support'
    WHEN 'economic_zone' THEN 'support'
    WHEN 'digital_platform' THEN 'support'
    WHEN 'export_support' THEN 'support'
    WHEN 'producer' THEN 'enterprise'
    WHEN 'holding' THEN 'enterprise'
    WHEN 'exporter' THEN 'enterprise'
    WHEN 'cooperative' THEN 'enterprise'
    WHEN 'equipment_supplier' THEN 'enterprise'
    ELSE a.kind END AS kind,
  CASE a.kind
    WHEN 'producer' THEN 'producer'
    WHEN 'holding' THEN 'holding'
    WHEN 'exporter' THEN 'exporter'
    WHEN 'association' THEN 'association'
    WHEN 'logistics' THEN 'logistics'
    WHEN 'bank' THEN 'financier'
    WHEN 'fund' THEN 'financier'
    WHEN 'technopark' THEN 'infrastructure-operator'
    WHEN 'economic_zone' THEN 'infrastructure-operator'
    WHEN 'digital_platform' THEN 'service-provider'
    WHEN 'equipment_supplier' THEN 'equipment-supplier' END AS roles,
  CASE WHEN l.region IS NOT NULL THEN 'UZ' END AS country,
  l.region,
  a.location AS place,
  a.employees,
  facts_of(a.facts) AS source,
  concat_ws('; ', 'kind in the source: ' || replace(a.kind, '_', ' '), 'land: ' || a.land_ha || ' ha') AS note
FROM source.actors AS a
LEFT JOIN located AS l ON l.actor_id = a.actor_id;

-- The sectors are clusters; so is an organisation that has members.
CREATE TABLE clusters AS
SELECT
  a.sector AS id, upper(left(a.sector, 1)) || substr(a.sector, 2) || ' cluster' AS name, a.sector AS sector,
  'UZ' AS country, NULL AS managed_by, 'news' AS coverage, 'a sector, no legal body' AS note
FROM source.actors AS a WHERE a.sector IS NOT NULL GROUP BY a.sector
UNION ALL
SELECT
  a.actor_id AS id, a.name AS name, coalesce(a.sector, 'unspecified') AS sector,
  'UZ' AS country, a.actor_id AS managed_by, 'news' AS coverage, 'an organisation with members' AS note
FROM source.actors AS a
WHERE a.actor_id IN (SELECT to_id FROM source.links WHERE relation = 'memberOf');

CREATE TABLE memberships AS
SELECT a.actor_id AS actor, a.sector AS cluster, facts_of(a.facts) AS source, NULL AS valid_from, 'by sector' AS note
FROM source.actors AS a WHERE a.sector IS NOT NULL
UNION ALL
SELECT l.from_id AS actor, l.to_id AS cluster, facts_of(l.fact) AS source, date_of(l.date) AS valid_from, 'stated' AS note
FROM source.links AS l WHERE l.relation = 'memberOf';

CREATE VIEW joint AS
SELECT
  l.from_id || ' ' || l.relation || ' ' || l.to_id AS id,
  CASE l.relation
    WHEN 'locatedAt' THEN 'co-location'
    WHEN 'proposedMergerWith' THEN 'merger'
    WHEN 'sharesFounderWith' THEN 'shared-founder'
    ELSE 'unspecified' END AS kind,
  CASE WHEN l.relation IN ('proposedMergerWith', 'appealsTo') THEN 'planned' END AS status,
  l.from_id, l.to_id, facts_of(l.fact) AS source, date_of(l.date) AS valid_from, l.relation AS note, l._row AS link_row
FROM source.links AS l
WHERE l.relation NOT IN ('memberOf', 'hasUnit', 'foundedBy', 'founded', 'ownedBy', 'subordinateTo', 'administers', 'buysFrom', 'financedBy');

CREATE TABLE cooperations AS
SELECT id, kind, from_id AS participant, status, source, valid_from, note, link_row AS _row FROM joint
UNION ALL
SELECT id, kind, to_id AS participant, status, source, valid_from, note, link_row AS _row FROM joint;

CREATE TABLE ownerships AS
SELECT
  CASE WHEN l.relation IN ('hasUnit', 'founded', 'administers') THEN l.from_id ELSE l.to_id END AS owner,
  CASE WHEN l.relation IN ('hasUnit', 'founded', 'administers') THEN l.to_id ELSE l.from_id END AS owned,
  CASE l.relation
    WHEN 'founded' THEN 'founder'
    WHEN 'foundedBy' THEN 'founder'
    WHEN 'ownedBy' THEN 'equity'
    WHEN 'administers' THEN 'administration'
    ELSE 'subordination' END AS kind,
  facts_of(l.fact) AS source,
  date_of(l.date) AS valid_from,
  l.relation AS note
FROM source.links AS l
WHERE l.relation IN ('hasUnit', 'foundedBy', 'founded', 'ownedBy', 'subordinateTo', 'administers');

CREATE TABLE supplies AS
SELECT
  l.to_id AS supplier,
  l.from_id AS buyer,
  CASE l.relation WHEN 'financedBy' THEN 'finance' END AS kind,
  facts_of(l.fact) AS source,
  date_of(l.date) AS valid_from,
  l.relation AS note
FROM source.links AS l
WHERE l.relation IN ('buysFrom', 'financedBy');

-- A measure may name a scheme that is in no row of the policies.
CREATE TABLE policies AS
SELECT
  p.policy_id AS id,
  coalesce(p.title, p.policy_id) AS title,
  CASE
    WHEN regexp_matches(p.policy_id, '^(UP|PF)-') THEN 'decree'
    WHEN regexp_matches(p.policy_id, '^(PP|PQ|VMQ)-') OR p.policy_id ILIKE '%resolution%' THEN 'resolution' END AS kind,
  CASE WHEN regexp_matches(p.policy_id, '^(UP|PF|PP|PQ|VMQ)-[0-9]+$') THEN p.policy_id END AS number,
  date_of(p.date) AS date,
  facts_of(p.facts) AS source,
  'sector: ' || p.sector AS note
FROM source.policies AS p
UNION ALL
SELECT
  s.policy_id AS id, s.policy_id AS title, 'scheme' AS kind, NULL AS number, NULL AS date,
  string_agg(DISTINCT s.fact, ';' ORDER BY s.fact) AS source, 'no act is named' AS note
FROM policy_supports AS s
WHERE s.policy_id NOT IN (SELECT policy_id FROM source.policies)
GROUP BY s.policy_id;

CREATE VIEW measure AS
SELECT key_of(s.policy_id) || '-' || replace(s.instrument, '_', '-') || '-' || s.fact AS id, s.*
FROM policy_supports AS s;

CREATE TABLE instruments AS
SELECT
  m.id,
  m.policy_id AS policy,
  CASE m.instrument
    WHEN 'customs_exemption' THEN 'customs-privilege'
    WHEN 'tax_relief' THEN 'tax-privilege'
    WHEN 'credit_guarantee' THEN 'guarantee'
    ELSE replace(m.instrument, '_', '-') END AS kind,
  m.text AS title,
  facts_of(m.fact) AS source,
  date_of(m.from_date) AS valid_from
FROM measure AS m;

-- “All exporters” are no sector; who exports is known by its role.
CREATE TABLE criteria AS
SELECT
  m.id AS instrument,
  CASE WHEN m.sector <> 'all exporters' THEN m.sector END AS cluster,
  CASE WHEN m.sector = 'all exporters' THEN 'exporter' END AS role,
  facts_of(m.fact) AS source
FROM measure AS m;
