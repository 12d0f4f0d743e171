"""when each part of an allocation came

Revision ID: 0006
Revises: 0005
Created: 2026-11-26 10:34:47.897203
"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('allocation', sa.Column('changes', sa.JSON(), nullable=False, server_default='[]'))


def downgrade() -> None:
    op.execute('ALTER TABLE allocation DROP COLUMN changes')  # as both kinds of database say it
