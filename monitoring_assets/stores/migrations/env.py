"""What Alembic runs for every command; the connection is the caller's, and so is the commit."""

from alembic import context

from monitoring_assets.stores.schema import context_options

context.configure(connection=context.config.attributes["connection"], **context_options())
with context.begin_transaction():
    context.run_migrations()
