-- title: Open Supply Hub production locations (download in CSV)
-- reads: facilities(os_id, name, address, country_code, ?country_name, ?lat, ?lng, ?sector, ?contributor (list), ?number_of_workers, ?parent_company, ?facility_type, ?processing_type, ?product_type, ?is_closed)

CREATE MACRO country_of(cell) AS
  (SELECT code FROM klaster.country WHERE spelling = lower(trim(cell)));

CREATE VIEW facility AS
SELECT os_id AS id, *, "contributor (list)" AS contributors FROM facilities;

CREATE VIEW location AS
SELECT
  id,
  any_value(name) AS name,
  any_value(address) AS address,
  any_value(country_code) AS country,
  any_value(lat) AS lat,
  any_value(lng) AS lon,
  any_value(sector) AS sector,
  any_value(number_of_workers) AS workers,
  any_value(parent_company) AS parent,
  any_value(product_type) AS product,
  any_value(processing_type) AS process,
  any_value(facility_type) AS type,
  any_value(is_closed) AS closed
FROM facility
GROUP BY id;

-- “Name (name of its list)|Name (…)”: who contributed the location, not necessarily a buyer.
CREATE VIEW contributed AS
SELECT
  f.id,
  trim(regexp_replace(unnest(string_split(f.contributors, '|')), '\s*\([^()]*\)\s*$', '')) AS contributor
FROM facility AS f;

CREATE VIEW listed AS
SELECT c.id, c.contributor FROM contributed AS c WHERE c.contributor <> '' GROUP BY c.id, c.contributor;

CREATE TABLE actors AS
SELECT
  id, name, 'enterprise' AS kind, 'producer' AS roles, country_of(country) AS country,
  address AS place, lat, lon,
  CASE WHEN regexp_matches(workers, '^[0-9]+$') THEN workers END AS employees,
  concat_ws('; ',
    'sector: ' || replace(sector, '|', ', '),
    'products: ' || replace(product, '|', ', '),
    'processes: ' || replace(process, '|', ', '),
    'type: ' || replace(type, '|', ', '),
    'parent company: ' || replace(parent, '|', ', '),
    CASE WHEN NOT regexp_matches(workers, '^[0-9]+$') THEN 'workers: ' || workers END,
    CASE WHEN lower(closed) = 'true' THEN 'closed' END,
    CASE WHEN country_of(country) IS NULL THEN 'country: ' || country END) AS note
FROM location
UNION ALL
SELECT
  'contributor ' || l.contributor AS id, l.contributor AS name, 'other' AS kind, NULL AS roles,
  NULL AS country, NULL AS place, NULL AS lat, NULL AS lon, NULL AS employees,
  'contributor to Open Supply Hub' AS note
FROM listed AS l GROUP BY l.contributor;

CREATE TABLE supplies AS
SELECT
  l.id AS supplier,
  'contributor ' || l.contributor AS buyer,
  0.5 AS confidence,
  'in a list of this contributor, which need not be a buyer' AS note
FROM listed AS l;
