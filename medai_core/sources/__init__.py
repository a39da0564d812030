"""Patient data in: tables and FHIR become rows in a card's own words and units."""
