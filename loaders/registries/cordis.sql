-- title: CORDIS projects and participants (Horizon 2020, Horizon Europe)
-- reads: project(id, acronym, title, startDate, endDate, ?status, ?frameworkProgramme, ?legalBasis)
-- reads: organization(projectID, organisationID, name, activityType, country, role, ?shortName, ?SME, ?city, ?geolocation, ?nutsCode, ?organizationURL, ?contentUpdateDate, ?ecContribution, ?netEcContribution, ?endOfParticipation)
-- reads: ?euroSciVoc(projectID, euroSciVocTitle)
-- reads: ?legalBasis(projectID, legalBasis, title)
-- reads: ?topics(projectID, topic, title)

CREATE MACRO country_of(cell) AS
  (SELECT code FROM klaster.country WHERE spelling = lower(trim(cell)));

CREATE MACRO kind_of(activity) AS CASE activity
  WHEN 'PRC' THEN 'enterprise'
  WHEN 'HES' THEN 'university'
  WHEN 'REC' THEN 'research'
  WHEN 'PUB' THEN 'government'
  ELSE 'other' END;

-- An organisation without a code is known by its name and country.
CREATE MACRO key_of(pic, name, country) AS coalesce(pic, lower(name) || ' ' || coalesce(country, ''));

-- Some years are written with a decimal comma.
CREATE MACRO number_of(cell) AS replace(cell, ',', '.');

-- The last day that is stated still counts; klaster's end is the first day after it.
CREATE MACRO day_after(cell) AS coalesce(CAST(TRY_CAST(cell AS DATE) + 1 AS VARCHAR), cell);

CREATE VIEW organisation AS
SELECT
  key_of(organisationID, name, country) AS id,
  arg_max(name, coalesce(contentUpdateDate, '')) AS name,
  arg_max(shortName, coalesce(contentUpdateDate, '')) AS short_name,
  arg_max(activityType, coalesce(contentUpdateDate, '')) AS activity,
  arg_max(country, coalesce(contentUpdateDate, '')) AS country,
  arg_max(city, coalesce(contentUpdateDate, '')) AS city,
  arg_max(geolocation, coalesce(contentUpdateDate, '')) AS geolocation,
  arg_max(nutsCode, coalesce(contentUpdateDate, '')) AS nuts,
  arg_max(organizationURL, coalesce(contentUpdateDate, '')) AS website,
  arg_max(SME, coalesce(contentUpdateDate, '')) AS sme,
  list_distinct(list(name)) AS names
FROM organization
GROUP BY key_of(organisationID, name, country);

-- A place is given as latitude and longitude, in brackets or not.
CREATE VIEW placed AS
SELECT
  o.*,
  TRY_CAST(regexp_extract(geolocation, '^\(?\s*(-?[0-9.]+)\s*,\s*(-?[0-9.]+)\s*\)?$', 1) AS DOUBLE) AS lat,
  TRY_CAST(regexp_extract(geolocation, '^\(?\s*(-?[0-9.]+)\s*,\s*(-?[0-9.]+)\s*\)?$', 2) AS DOUBLE) AS lon
FROM organisation AS o;

CREATE TABLE actors AS
SELECT
  id,
  coalesce(name, 'PIC ' || id) AS name,
  list_sort(list_transform(
    list_distinct(list_filter(list_append(names, short_name), lambda other: other <> name)),
    lambda other: replace(other, ';', ','))) AS aliases,
  kind_of(activity) AS kind,
  country_of(country) AS country,
  city AS place,
  CASE WHEN abs(lat) <= 90 AND abs(lon) <= 180 THEN lat END AS lat,
  CASE WHEN abs(lat) <= 90 AND abs(lon) <= 180 THEN lon END AS lon,
  website,
  concat_ws('; ',
    CASE WHEN lower(sme) = 'true' THEN 'small or medium-sized enterprise' END,
    'NUTS ' || nuts,
    CASE WHEN country_of(country) IS NULL THEN 'country: ' || country END) AS note
FROM placed;

CREATE VIEW themes AS
SELECT projectID, string_agg(DISTINCT euroSciVocTitle, ', ' ORDER BY euroSciVocTitle) AS theme
FROM euroSciVoc GROUP BY projectID;

CREATE VIEW topic_titles AS
SELECT projectID, string_agg(DISTINCT coalesce(title, topic), ', ' ORDER BY coalesce(title, topic)) AS theme
FROM topics GROUP BY projectID;

-- Whoever carries out a project alone cooperates with nobody; the award tells of the project.
CREATE VIEW alone AS
SELECT projectID FROM organization
GROUP BY projectID HAVING count(DISTINCT key_of(organisationID, name, country)) = 1;

CREATE TABLE cooperations AS
SELECT
  t.projectID AS id,
  'joint-rd' AS kind,
  key_of(t.organisationID, t.name, t.country) AS participant,
  CASE WHEN t.role = 'coordinator' THEN 'coordinator' END AS role,
  coalesce(p.acronym, p.title, t.projectID) AS project,
  coalesce(s.theme, c.theme, p.title) AS theme,
  number_of(t.ecContribution) AS value,
  CASE WHEN t.ecContribution IS NOT NULL THEN 'EUR' END AS currency,
  p.startDate AS valid_from,
  day_after(p.endDate) AS valid_to,
  concat_ws('; ',
    CASE WHEN t.role NOT IN ('coordinator', 'participant') THEN 'role: ' || t.role END,
    CASE WHEN lower(t.endOfParticipation) = 'true' THEN 'left before the end' END,
    CASE WHEN p.status NOT IN ('SIGNED', 'CLOSED') THEN 'status: ' || p.status END) AS note
FROM organization AS t
LEFT JOIN project AS p ON p.id = t.projectID
LEFT JOIN themes AS s ON s.projectID = t.projectID
LEFT JOIN topic_titles AS c ON c.projectID = t.projectID
WHERE t.projectID NOT IN (SELECT projectID FROM alone);

CREATE VIEW basis AS
SELECT DISTINCT
  coalesce(frameworkProgramme, 'EU framework programme') AS framework,
  coalesce(legalBasis, frameworkProgramme, 'EU framework programme') AS part
FROM project;

CREATE VIEW part_titles AS
SELECT legalBasis AS part, any_value(title ORDER BY title) AS title
FROM legalBasis GROUP BY legalBasis;

CREATE TABLE policies AS
SELECT DISTINCT
  framework AS id,
  CASE framework WHEN 'H2020' THEN 'Horizon 2020' WHEN 'HORIZON' THEN 'Horizon Europe' ELSE framework END AS title,
  'programme' AS kind
FROM basis;

CREATE TABLE instruments AS
SELECT
  'grants ' || b.part AS id,
  b.framework AS policy,
  'grant' AS kind,
  coalesce(t.title, b.part) AS title,
  'EUR' AS currency
FROM basis AS b
LEFT JOIN part_titles AS t ON t.part = b.part;

CREATE TABLE awards AS
SELECT
  'grants ' || coalesce(p.legalBasis, p.frameworkProgramme, 'EU framework programme') AS instrument,
  key_of(t.organisationID, t.name, t.country) AS beneficiary,
  number_of(coalesce(t.netEcContribution, t.ecContribution)) AS amount,
  'EUR' AS currency,
  p.startDate AS valid_from,
  day_after(p.endDate) AS valid_to,
  'project ' || t.projectID AS note
FROM organization AS t
JOIN project AS p ON p.id = t.projectID
WHERE TRY_CAST(number_of(coalesce(t.netEcContribution, t.ecContribution)) AS DOUBLE) > 0
  OR t.projectID IN (SELECT projectID FROM alone);
