"""Who uses the dashboard: let in, shown, watched for idleness, and signed out."""
