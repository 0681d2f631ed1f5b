-- title: Input-output table of Chile 2013, 12 sectors (leontief)
-- reads: transactions(seller)
-- reads: wage_and_final_demand(industry, wage, intermediate_total_demand, household_consumption, government_consumption, gross_fixed_capital_formation, change_in_inventories, exports, final_total_demand)

CREATE MACRO words(code) AS replace(code, '_', ' ');

-- Figures are in thousands of millions of pesos.
CREATE MACRO pesos(figure) AS CAST(CAST(figure AS DOUBLE) * 1e9 AS DECIMAL(28, 2));

CREATE TABLE cells AS
UNPIVOT source.transactions ON COLUMNS(* EXCLUDE (seller, _row, _file)) INTO NAME buyer VALUE figure;

-- A flow of nothing is no flow.
CREATE VIEW flow AS SELECT * FROM cells WHERE CAST(figure AS DOUBLE) <> 0;

-- What the table calls final total demand holds the intermediate demand too: it is the output.
CREATE TABLE sector AS
SELECT industry AS code, words(industry) AS name, CAST(final_total_demand AS DOUBLE) AS output, w.exports
FROM wage_and_final_demand AS w;

CREATE TABLE codes AS
SELECT 'chile-sector' AS scheme, code, name, name AS name_en FROM sector;

CREATE TABLE products AS
SELECT code AS id, name, name AS name_en FROM sector;

-- A sector stands for all its enterprises together.
CREATE TABLE actors AS
SELECT
  'sector-' || code AS id, name, name AS name_en, 'industry' AS kind, 'CL' AS country,
  pesos(output) AS revenue, 'CLP' AS currency, 'revenue is the output of 2013' AS note
FROM sector;

CREATE TABLE makes AS
SELECT
  'sector-' || code AS actor, code AS product, pesos(output) AS value, 'CLP' AS currency,
  '2013' AS valid_from, '2013' AS valid_to
FROM sector;

CREATE TABLE needs AS
SELECT
  'sector-' || f.buyer AS actor, f.seller AS product, pesos(f.figure) AS value, 'CLP' AS currency,
  '2013' AS valid_from, '2013' AS valid_to
FROM flow AS f;

CREATE TABLE supplies AS
SELECT
  'sector-' || f.seller AS supplier, 'sector-' || f.buyer AS buyer, f.seller AS product,
  pesos(f.figure) AS value, 'CLP' AS currency, '2013' AS valid_from, '2013' AS valid_to
FROM flow AS f
WHERE f.seller <> f.buyer;

CREATE TABLE recipes AS
SELECT
  f.buyer AS product, f.seller AS input, CAST(f.figure AS DOUBLE) / s.output AS quantity,
  '{CLP}/{CLP}' AS unit, '2013' AS valid_from, '2013' AS valid_to
FROM flow AS f
JOIN sector AS s ON s.code = f.buyer
WHERE f.seller <> f.buyer;

CREATE TABLE exports AS
SELECT 'CL' AS exporter, code AS product, '2013' AS year, pesos(s.exports) AS value, 'CLP' AS currency
FROM sector AS s;
