-- title: World exports by country and SITC product, average of 1998 to 2000 (economiccomplexity)
-- reads: trade(country, product, value)
-- reads: ?product_names(sitc4, name_en, ?name_ru)

-- Countries that are no more, by the codes that they had in ISO 3166-1.
CREATE TABLE former_countries AS
SELECT entry.alpha3, entry.name FROM (SELECT unnest([
  {'alpha3': 'ANT', 'name': 'Netherlands Antilles'}, {'alpha3': 'SCG', 'name': 'Serbia and Montenegro'},
  {'alpha3': 'YUG', 'name': 'Yugoslavia'}, {'alpha3': 'SUN', 'name': 'Soviet Union'},
  {'alpha3': 'CSK', 'name': 'Czechoslovakia'}, {'alpha3': 'DDR', 'name': 'German Democratic Republic'},
  {'alpha3': 'YMD', 'name': 'Democratic Yemen'}, {'alpha3': 'PCI', 'name': 'Trust Territory of the Pacific Islands'}
]) AS entry);

CREATE TABLE exporter AS
SELECT
  t.country AS cell,
  coalesce(any_value(c.code), upper(t.country)) AS code,
  any_value(c.code) IS NULL AS is_new,
  coalesce(any_value(f.name), upper(t.country)) AS name
FROM trade AS t
LEFT JOIN klaster.country AS c ON c.spelling = lower(t.country)
LEFT JOIN former_countries AS f ON f.alpha3 = upper(t.country)
GROUP BY t.country;

CREATE TABLE codes AS
SELECT 'country' AS scheme, code, name, 'in the trade data, no country of ISO 3166-1 today' AS note
FROM exporter WHERE is_new;

CREATE TABLE products AS
SELECT
  t.product AS id,
  coalesce(any_value(n.name_en), 'SITC ' || t.product) AS name,
  any_value(n.name_en) AS name_en,
  any_value(n.name_ru) AS name_ru,
  'SITC Rev. 2: ' || t.product AS note
FROM trade AS t
LEFT JOIN product_names AS n ON n.sitc4 = t.product
GROUP BY t.product;

CREATE TABLE exports AS
SELECT
  e.code AS exporter,
  t.product,
  '1999' AS year,
  t.value,
  'USD' AS currency,
  '1998' AS valid_from,
  '2000' AS valid_to,
  'average of 1998 to 2000' AS note
FROM trade AS t
JOIN exporter AS e ON e.cell = t.country;
