-- title: BACI trade flows by exporter, importer and HS product (CEPII)
-- reads: baci(t, i, j, k, v, ?q)
-- reads: country_codes(country_code, country_iso3, ?country_name, ?country_iso2)
-- reads: ?product_codes(code, description)

CREATE MACRO product_of(cell) AS
  CASE WHEN regexp_matches(cell, '^[0-9]{1,6}$') THEN lpad(cell, 6, '0') ELSE cell END;

-- Some codes of BACI are groups, or countries that are no more; each keeps its own code.
CREATE TABLE place AS
SELECT
  p.country_code AS cell,
  coalesce(c.code, d.code, CASE WHEN regexp_matches(p.country_iso3, '^[A-Z0-9]{3}$') THEN p.country_iso3 ELSE p.country_code END) AS code,
  c.code IS NULL AND d.code IS NULL AS is_new,
  coalesce(p.country_name, p.country_iso3, p.country_code) AS name
FROM country_codes AS p
LEFT JOIN klaster.country AS c ON c.spelling = lower(p.country_iso2)
LEFT JOIN klaster.country AS d ON d.spelling = lower(p.country_iso3);

CREATE TABLE codes AS
SELECT 'country' AS scheme, code, any_value(name) AS name, 'code of BACI, no country of ISO 3166-1 today' AS note
FROM place WHERE is_new GROUP BY code;

CREATE TABLE products AS
SELECT
  product_of(b.k) AS id,
  coalesce(any_value(p.description), 'HS ' || product_of(b.k)) AS name,
  product_of(b.k) AS hs
FROM baci AS b
LEFT JOIN product_codes AS p ON product_of(p.code) = product_of(b.k)
GROUP BY product_of(b.k);

-- Values are in thousands of dollars, quantities in tonnes.
CREATE TABLE exports AS
SELECT
  coalesce(x.code, b.i) AS exporter,
  product_of(b.k) AS product,
  coalesce(m.code, b.j) AS destination,
  b.t AS year,
  coalesce(CAST(TRY_CAST(b.v AS DECIMAL(28, 6)) * 1000 AS VARCHAR), b.v) AS value,
  'USD' AS currency,
  CASE WHEN TRY_CAST(trim(b.q) AS DOUBLE) IS NOT NULL THEN 'quantity: ' || trim(b.q) || ' t' END AS note
FROM baci AS b
LEFT JOIN place AS x ON x.cell = b.i
LEFT JOIN place AS m ON m.cell = b.j;
