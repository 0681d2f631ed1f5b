-- title: Country codes with English and Russian names (datasets/country-codes)
-- reads: country_codes(ISO3166-1-Alpha-2, ISO3166-1-Alpha-3, ISO3166-1-numeric, CLDR display name, ?UNTERM English Short, ?UNTERM Russian Short, ?Region Name, ?Sub-region Name)

CREATE TABLE codes AS
SELECT
  'country' AS scheme,
  "ISO3166-1-Alpha-2" AS code,
  "CLDR display name" AS name,
  "UNTERM English Short" AS name_en,
  "UNTERM Russian Short" AS name_ru,
  concat_ws('; ', "ISO3166-1-Alpha-3", "ISO3166-1-numeric", coalesce("Sub-region Name", "Region Name")) AS note
FROM country_codes;
