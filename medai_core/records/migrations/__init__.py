"""Steps that bring a database from one version of the record to the next."""
