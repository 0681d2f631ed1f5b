-- title: Harmonized System codes with their headings (datasets/harmonized-system)
-- reads: harmonized_system(hscode, description, parent, level, ?section)
-- reads: ?sections(section, name)

CREATE TABLE codes AS
SELECT
  'hs' AS scheme,
  h.hscode AS code,
  h.description AS name,
  h.description AS name_en,
  CASE WHEN h.parent <> h.hscode THEN h.parent END AS broader,
  'section ' || s.section || ': ' || s.name AS note
FROM harmonized_system AS h
LEFT JOIN sections AS s ON s.section = h.section;
