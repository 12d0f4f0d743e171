"""what a database is for: a demo, or a practice

Revision ID: 0008
Revises: 0007
Created: 2026-11-30 15:30:00.000000
"""

import sqlalchemy as sa
from alembic import op

from portal_app.db import installation
from portal_app.settings import settings

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'installation',
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('demo', sa.Boolean(), nullable=False),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    # In the transaction that makes the table: a database that holds something is never without its row.
    installation.mark(op.get_bind(), when_empty=settings().demo)


def downgrade() -> None:
    op.drop_table('installation')
