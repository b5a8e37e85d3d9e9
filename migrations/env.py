"""What Alembic runs: migrates over the connection that `recorder.database` hands it."""

from alembic import context

from recorder.models import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
context.run_migrations()
