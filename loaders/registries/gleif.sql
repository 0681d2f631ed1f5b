-- title: GLEIF legal entities (level 1) and who owns whom (level 2), golden copy in CSV
-- reads: lei2(LEI, Entity.LegalName, Entity.LegalAddress.Country, Entity.EntityStatus, ?Entity.LegalName.xmllang, ?Entity.LegalAddress.Region, ?Entity.LegalAddress.City, ?Entity.EntityCategory, ?Entity.LegalForm.EntityLegalFormCode, ?Entity.EntityCreationDate, ?Entity.EntityExpirationDate, ?Entity.OtherEntityNames.OtherEntityName.1, ?Entity.OtherEntityNames.OtherEntityName.2, ?Entity.OtherEntityNames.OtherEntityName.3, ?Entity.OtherEntityNames.OtherEntityName.4, ?Entity.OtherEntityNames.OtherEntityName.5, ?Entity.TransliteratedOtherEntityNames.TransliteratedOtherEntityName.1, ?Registration.RegistrationStatus)
-- reads: ?rr(Relationship.StartNode.NodeID, Relationship.EndNode.NodeID, Relationship.RelationshipType, Relationship.RelationshipStatus, ?Relationship.Period.1.startDate, ?Relationship.Period.1.endDate, ?Relationship.Period.1.periodType, ?Relationship.Period.2.startDate, ?Relationship.Period.2.endDate, ?Relationship.Period.2.periodType, ?Relationship.Period.3.startDate, ?Relationship.Period.3.endDate, ?Relationship.Period.3.periodType, ?Registration.RegistrationStatus)

CREATE MACRO country_of(cell) AS
  (SELECT code FROM klaster.country WHERE spelling = lower(trim(cell)));

-- A code of ISO 3166-2; of Uzbekistan only those of its regions are known.
CREATE MACRO region_of(cell) AS CASE
  WHEN cell LIKE 'UZ-%' THEN (SELECT code FROM klaster.region WHERE spelling = lower(cell))
  WHEN regexp_matches(cell, '^[A-Z]{2}-[A-Z0-9]{1,3}$') THEN cell END;

-- A moment is given to the second; its day is enough.
CREATE MACRO day_of(cell) AS left(cell, 10);

CREATE MACRO day_after(cell) AS
  coalesce(CAST(TRY_CAST(day_of(cell) AS DATE) + 1 AS VARCHAR), day_of(cell));

CREATE VIEW entity AS
SELECT
  LEI AS lei,
  "Entity.LegalName" AS name,
  lower("Entity.LegalName.xmllang") AS language,
  list_filter([
    "Entity.OtherEntityNames.OtherEntityName.1",
    "Entity.OtherEntityNames.OtherEntityName.2",
    "Entity.OtherEntityNames.OtherEntityName.3",
    "Entity.OtherEntityNames.OtherEntityName.4",
    "Entity.OtherEntityNames.OtherEntityName.5",
    "Entity.TransliteratedOtherEntityNames.TransliteratedOtherEntityName.1"
  ], lambda other: other IS NOT NULL AND other <> "Entity.LegalName") AS others,
  "Entity.EntityCategory" AS category,
  "Entity.LegalForm.EntityLegalFormCode" AS form,
  "Entity.LegalAddress.Country" AS country,
  "Entity.LegalAddress.Region" AS region,
  "Entity.LegalAddress.City" AS city,
  "Entity.EntityStatus" AS status,
  "Entity.EntityCreationDate" AS created,
  "Entity.EntityExpirationDate" AS expired,
  "Registration.RegistrationStatus" AS registration
FROM lei2;

CREATE VIEW relation AS
SELECT
  "Relationship.StartNode.NodeID" AS child,
  "Relationship.EndNode.NodeID" AS parent,
  "Relationship.RelationshipType" AS type,
  "Relationship.RelationshipStatus" AS status,
  CASE 'RELATIONSHIP_PERIOD'
    WHEN "Relationship.Period.1.periodType" THEN "Relationship.Period.1.startDate"
    WHEN "Relationship.Period.2.periodType" THEN "Relationship.Period.2.startDate"
    WHEN "Relationship.Period.3.periodType" THEN "Relationship.Period.3.startDate" END AS began,
  CASE 'RELATIONSHIP_PERIOD'
    WHEN "Relationship.Period.1.periodType" THEN "Relationship.Period.1.endDate"
    WHEN "Relationship.Period.2.periodType" THEN "Relationship.Period.2.endDate"
    WHEN "Relationship.Period.3.periodType" THEN "Relationship.Period.3.endDate" END AS ended
FROM rr
WHERE coalesce("Registration.RegistrationStatus", '') NOT IN ('ANNULLED', 'DUPLICATE');

-- The ultimate parent is a link only where no direct one is known; else it follows from them.
CREATE VIEW parents AS
SELECT r.*
FROM relation AS r
WHERE r.type <> 'IS_ULTIMATELY_CONSOLIDATED_BY' OR NOT EXISTS (
  SELECT 1 FROM relation AS d WHERE d.child = r.child AND d.type = 'IS_DIRECTLY_CONSOLIDATED_BY');

CREATE VIEW outside AS
SELECT
  p.child,
  string_agg(lower(replace(p.type, '_', ' ')) || ' ' || p.parent, '; ' ORDER BY p.type, p.parent) AS told
FROM parents AS p
LEFT JOIN entity AS e ON e.lei = p.parent
WHERE e.lei IS NULL
GROUP BY p.child;

CREATE TABLE actors AS
SELECT
  e.lei AS id,
  e.name,
  CASE WHEN e.language LIKE 'uz%' THEN e.name END AS name_uz,
  CASE WHEN e.language LIKE 'ru%' THEN e.name END AS name_ru,
  CASE WHEN e.language LIKE 'en%' THEN e.name END AS name_en,
  list_sort(list_distinct(list_transform(e.others, lambda other: replace(other, ';', ',')))) AS aliases,
  CASE e.category
    WHEN 'FUND' THEN 'finance'
    WHEN 'RESIDENT_GOVERNMENT_ENTITY' THEN 'government'
    WHEN 'INTERNATIONAL_ORGANIZATION' THEN 'other'
    ELSE 'enterprise' END AS kind,
  country_of(e.country) AS country,
  region_of(e.region) AS region,
  e.city AS place,
  e.lei,
  day_of(e.created) AS valid_from,
  CASE WHEN e.status = 'INACTIVE' THEN day_of(e.expired) END AS valid_to,
  concat_ws('; ',
    'legal form (ELF): ' || e.form,
    CASE WHEN e.category <> 'GENERAL' THEN 'category: ' || e.category END,
    CASE WHEN e.status = 'INACTIVE' THEN 'inactive' END,
    CASE WHEN e.registration <> 'ISSUED' THEN 'LEI ' || lower(e.registration) END,
    o.told) AS note
FROM entity AS e
LEFT JOIN outside AS o ON o.child = e.lei;

CREATE TABLE ownerships AS
SELECT
  p.parent AS owner,
  p.child AS owned,
  CASE p.type
    WHEN 'IS_FUND-MANAGED_BY' THEN 'administration'
    WHEN 'IS_INTERNATIONAL_BRANCH_OF' THEN 'subordination'
    WHEN 'IS_SUBFUND_OF' THEN 'subordination'
    WHEN 'IS_FEEDER_TO' THEN 'subordination'
    ELSE 'equity' END AS kind,
  CASE WHEN p.status = 'ACTIVE' THEN 'observed' ELSE 'ended' END AS status,
  day_of(p.began) AS valid_from,
  day_after(p.ended) AS valid_to,
  lower(replace(p.type, '_', ' ')) AS note
FROM parents AS p
JOIN entity AS a ON a.lei = p.parent
JOIN entity AS b ON b.lei = p.child;
