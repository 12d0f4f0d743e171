"""requests to adults to join a membership can be withdrawn

Revision ID: 0021
Revises: 0020
Created: 2026-12-01 04:05:00
"""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('member_request', sa.Column('withdrawn_at', sa.DateTime(), nullable=True))


def downgrade() -> None:
    op.execute('ALTER TABLE member_request DROP COLUMN withdrawn_at')
