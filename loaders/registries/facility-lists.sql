-- title: Facility lists as contributed to Open Supply Hub (a list, its facilities)
-- reads: facilities(list, country, name, address, ?sector, ?lat, ?lng)

CREATE MACRO country_of(cell) AS
  (SELECT code FROM klaster.country WHERE spelling = lower(trim(cell)));

-- Two rows are one facility where name, address and country are the same but for case and spaces.
CREATE MACRO folded(cell) AS lower(regexp_replace(trim(coalesce(cell, '')), '\s+', ' ', 'g'));

CREATE MACRO key_of(country, name, address) AS 'facility-' || left(md5(
  coalesce(country_of(country), folded(country)) || '|' || folded(name) || '|' || folded(address)), 16);

CREATE VIEW facility AS
SELECT key_of(country, name, address) AS id, list AS list_number, country, name, address, sector, lat, lng
FROM facilities;

CREATE VIEW listed AS
SELECT
  id,
  arg_min(name, list_number) AS name,
  any_value(country_of(country)) AS country,
  arg_min(address, list_number) AS address,
  any_value(lat ORDER BY list_number) AS lat,
  any_value(lng ORDER BY list_number) AS lng,
  array_to_string(list_sort(list_distinct(string_split(string_agg(sector, '|'), '|'))), ', ') AS sector,
  any_value(country ORDER BY list_number) AS country_name
FROM facility
GROUP BY id;

-- The lists bear numbers; the firms that buy by them are not named.
CREATE TABLE actors AS
SELECT
  id, name, 'enterprise' AS kind, 'producer' AS roles, country, address AS place, lat, lng AS lon,
  concat_ws('; ', 'sector: ' || sector,
    CASE WHEN country IS NULL THEN 'country: ' || country_name END) AS note
FROM listed
UNION ALL
SELECT
  'list-' || f.list_number AS id, 'Brand of facility list ' || f.list_number AS name,
  'enterprise' AS kind, NULL AS roles, NULL AS country, NULL AS place, NULL AS lat, NULL AS lon,
  'the brand is not named' AS note
FROM facility AS f GROUP BY f.list_number;

CREATE TABLE supplies AS
SELECT f.id AS supplier, 'list-' || f.list_number AS buyer
FROM facility AS f
GROUP BY f.id, f.list_number;
