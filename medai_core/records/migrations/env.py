"""What Alembic runs: the steps, on the connection that the store opens."""

from alembic import context

from medai_core.records.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
