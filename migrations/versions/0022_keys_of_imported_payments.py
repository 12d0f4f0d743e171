"""the practice's keys of imported payments; two indexes less that repeat the beginning of another

Revision ID: 0022
Revises: 0021
Created: 2026-12-01 04:10:00
"""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('payment', sa.Column('practice_key', sa.String(), nullable=True))
    op.create_index('ix_payment_practice_key', 'payment', ['practice_key'], unique=True)
    op.drop_index('ix_allocation_payment_id', 'allocation')
    op.drop_index('ix_intended_allocation_payment_id', 'intended_allocation')


def downgrade() -> None:
    op.create_index('ix_intended_allocation_payment_id', 'intended_allocation', ['payment_id'])
    op.create_index('ix_allocation_payment_id', 'allocation', ['payment_id'])
    op.drop_index('ix_payment_practice_key', 'payment')
    op.execute('ALTER TABLE payment DROP COLUMN practice_key')  # as both kinds of database say it
