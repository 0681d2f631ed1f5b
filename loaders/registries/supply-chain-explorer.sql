-- title: Supply-chain explorer of the Emerging Technology Observatory (stages, inputs, providers, provision, sequence)
-- reads: stages(stage_id, stage_name)
-- reads: inputs(input_id, input_name, type, ?stage_id, ?stage_name)
-- reads: providers(provider_id, provider_name, provider_type, ?alias, ?country)
-- reads: provision(provider_id, provided_id, ?share_provided, ?negligible_market_share, ?minor_share, ?year)
-- reads: sequence(input_id, ?goes_into_id, ?is_type_of_id)

CREATE MACRO country_of(cell) AS
  (SELECT code FROM klaster.country WHERE spelling = lower(trim(cell)));

-- An input may be a kind of several; the first is kept.
CREATE VIEW kinds AS
SELECT s.input_id, min(s.is_type_of_id) AS broader
FROM sequence AS s
JOIN inputs AS i ON i.input_id = s.is_type_of_id
GROUP BY s.input_id;

CREATE TABLE products AS
SELECT
  i.input_id AS id,
  i.input_name AS name,
  i.input_name AS name_en,
  CASE i.type
    WHEN 'material_resource' THEN 'intermediate'
    WHEN 'tool_resource' THEN 'capital-good'
    WHEN 'ultimate_output' THEN 'final'
    WHEN 'process' THEN 'service' END AS stage,
  k.broader AS broader,
  concat_ws('; ', replace(i.type, '_', ' '), 'stage: ' || coalesce(s.stage_name, i.stage_name)) AS note
FROM inputs AS i
LEFT JOIN kinds AS k ON k.input_id = i.input_id
LEFT JOIN stages AS s ON s.stage_id = i.stage_id
UNION ALL
SELECT g.stage_id AS id, g.stage_name AS name, g.stage_name AS name_en, NULL AS stage, NULL AS broader,
  'stage of the chain' AS note
FROM stages AS g;

CREATE TABLE recipes AS
SELECT s.goes_into_id AS product, s.input_id AS input
FROM sequence AS s
WHERE s.goes_into_id IS NOT NULL;

-- A country among the providers stands for its whole industry.
CREATE TABLE actors AS
SELECT
  p.provider_id AS id,
  p.provider_name AS name,
  p.provider_name AS name_en,
  replace(p.alias, ',', ';') AS aliases,
  CASE p.provider_type WHEN 'country' THEN 'industry' ELSE 'enterprise' END AS kind,
  country_of(CASE p.provider_type WHEN 'country' THEN p.provider_name ELSE p.country END) AS country,
  concat_ws('; ',
    CASE p.provider_type WHEN 'country' THEN 'all providers of this country together' END,
    CASE WHEN p.country IS NOT NULL AND country_of(p.country) IS NULL THEN 'country: ' || p.country END) AS note
FROM providers AS p;

CREATE TABLE makes AS
SELECT
  v.provider_id AS actor,
  v.provided_id AS product,
  rtrim(v.share_provided, '%') AS quantity,
  CASE WHEN v.share_provided IS NOT NULL THEN '%' END AS unit,
  v.year AS valid_from,
  v.year AS valid_to,
  CASE
    WHEN coalesce(v.negligible_market_share, v.minor_share) IS NOT NULL THEN 'small share of the market'
    WHEN v.share_provided IS NOT NULL THEN 'share of the market' END AS note
FROM provision AS v;
