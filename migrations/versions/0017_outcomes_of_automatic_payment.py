"""outcomes of automatic payment, and from which day its next tries count

No version before this one made tries: the table is empty.

Revision ID: 0017
Revises: 0016
Created: 2026-11-30 20:40:00
"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute('ALTER TABLE autopay_try DROP COLUMN outcome')  # as both kinds of database say it
    op.add_column('autopay_try', sa.Column('outcome', sa.String(length=40), nullable=False, server_default='made'))
    op.add_column('autopay_try', sa.Column('failed_on', sa.Date(), nullable=True))
    op.create_index('ix_autopay_try_outcome', 'autopay_try', ['outcome', 'membership_id'])


def downgrade() -> None:
    op.drop_index('ix_autopay_try_outcome', 'autopay_try')
    op.execute('ALTER TABLE autopay_try DROP COLUMN failed_on')
    op.execute('ALTER TABLE autopay_try DROP COLUMN outcome')
    op.add_column('autopay_try', sa.Column('outcome', sa.String(), nullable=False, server_default='made'))
