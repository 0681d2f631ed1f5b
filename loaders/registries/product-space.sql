-- title: Product space: how close products of the Harmonized System are (Apachot and others)
-- reads: proximities(source, target, weight, ?year)
-- reads: ?harmonized_system(hscode, description)

-- Services have names in place of codes.
CREATE MACRO product_of(cell) AS
  CASE WHEN regexp_matches(cell, '^[0-9]{1,6}$') THEN lpad(cell, 6, '0') ELSE cell END;

CREATE VIEW product AS
SELECT p.source AS code, p._row AS _row FROM proximities AS p
UNION ALL
SELECT p.target AS code, p._row AS _row FROM proximities AS p;

CREATE TABLE products AS
SELECT
  product_of(p.code) AS id,
  CASE WHEN regexp_matches(product_of(p.code), '^[0-9]{6}$')
    THEN coalesce(any_value(h.description), 'HS ' || product_of(p.code)) ELSE product_of(p.code) END AS name,
  CASE WHEN regexp_matches(product_of(p.code), '^[0-9]{6}$') THEN product_of(p.code) END AS hs,
  CASE WHEN regexp_matches(product_of(p.code), '^[0-9]{6}$') THEN 'Harmonized System of 1992' ELSE 'a service' END AS note
FROM product AS p
LEFT JOIN harmonized_system AS h ON h.hscode = product_of(p.code)
GROUP BY product_of(p.code);

-- The file of the year 2020 does not repeat the year.
CREATE TABLE proximities AS
SELECT
  product_of(p.source) AS product,
  product_of(p.target) AS other,
  p.weight AS value,
  coalesce(p.year, '2020') AS year
FROM source.proximities AS p;
