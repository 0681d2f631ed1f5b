-- title: Input-output tables of the United States in long form (use, make, output; useeior)
-- reads: use(commodity, industry, value_musd, direct_requirement)
-- reads: make(industry, commodity, value_musd)
-- reads: industry_output(industry, output_musd)
-- reads: commodities(code, name)
-- reads: industries(code, name)

-- Figures are in millions of dollars.
CREATE MACRO dollars(cell) AS coalesce(CAST(TRY_CAST(cell AS DECIMAL(28, 6)) * 1000000 AS VARCHAR), cell);

CREATE TABLE codes AS
SELECT 'bea-industry' AS scheme, code, name, name AS name_en FROM industries;

CREATE TABLE products AS
SELECT code AS id, name, name AS name_en FROM commodities;

-- An industry stands for all its enterprises together.
CREATE TABLE actors AS
SELECT
  'industry-' || i.code AS id,
  i.name,
  i.name AS name_en,
  'industry' AS kind,
  'US' AS country,
  dollars(o.output_musd) AS revenue,
  CASE WHEN o.output_musd IS NOT NULL THEN 'USD' END AS currency,
  'industry ' || i.code || ' of the BEA; revenue is its output in 2012' AS note
FROM industries AS i
LEFT JOIN industry_output AS o ON o.industry = i.code;

CREATE TABLE makes AS
SELECT
  'industry-' || m.industry AS actor, m.commodity AS product, dollars(m.value_musd) AS value,
  'USD' AS currency, '2012' AS valid_from, '2012' AS valid_to
FROM make AS m;

CREATE TABLE needs AS
SELECT
  'industry-' || u.industry AS actor, u.commodity AS product, dollars(u.value_musd) AS value,
  'USD' AS currency, '2012' AS valid_from, '2012' AS valid_to,
  'direct requirement: ' || u.direct_requirement AS note
FROM "use" AS u;

-- The bill of inputs of an industry is that of the commodity of the same code. What an industry
-- takes of its own commodity is a need, and no input of a product into itself.
CREATE TABLE recipes AS
SELECT
  u.industry AS product, u.commodity AS input, u.direct_requirement AS quantity,
  '{USD}/{USD}' AS unit, '2012' AS valid_from, '2012' AS valid_to
FROM "use" AS u
JOIN commodities AS c ON c.code = u.industry
WHERE u.commodity <> u.industry;
