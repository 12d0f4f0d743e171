"""what of a payment came to the same invoice later

Revision ID: 0006
Revises: 0005
Created: 2026-11-26 10:40:01.980712
"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('allocation', sa.Column('raised', sa.JSON(), nullable=False, server_default=sa.text("'[]'")))


def downgrade() -> None:
    op.execute('ALTER TABLE allocation DROP COLUMN raised')
