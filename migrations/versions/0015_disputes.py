"""disputes, and what of a payment they took back

A payment that an earlier version marked as disputed keeps that status; reconciliation asks the card processor
about it and books what became of it.

Revision ID: 0015
Revises: 0014
Created: 2026-11-30 19:40:00
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

UNUSED_BEFORE = sa.text('allocated < amount - refunded')
UNUSED = sa.text('allocated < amount - refunded - lost')


def upgrade() -> None:
    op.create_table(
        'dispute',
        sa.Column('account_id', sa.String(), nullable=False),
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('payment_id', sa.String(), nullable=False),
        sa.Column('processor_dispute_id', sa.String(), nullable=False),
        sa.Column('amount', sa.BigInteger(), nullable=False),
        sa.Column('fee', sa.BigInteger(), nullable=False),
        sa.Column('reason', sa.String(), nullable=False),
        sa.Column('status', sa.String(length=40), nullable=False),
        sa.Column('effect', sa.String(length=40), nullable=False),
        sa.Column('lost', sa.BigInteger(), nullable=False),
        sa.Column('taken_back', sa.JSON(), nullable=False),
        sa.Column('evidence_due', sa.DateTime(), nullable=True),
        sa.Column('decision', sa.String(), nullable=False),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.Column('ended_at', sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(['account_id'], ['account.id']),
        sa.ForeignKeyConstraint(['payment_id'], ['payment.id']),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('processor_dispute_id'),
    )
    op.create_index('ix_dispute_account_id', 'dispute', ['account_id'])
    op.create_index('ix_dispute_payment_id', 'dispute', ['payment_id'])
    op.add_column('payment', sa.Column('lost', sa.BigInteger(), nullable=False, server_default=sa.text('0')))
    op.drop_index('ix_payment_unused', 'payment')
    op.create_index('ix_payment_unused', 'payment', ['account_id'], sqlite_where=UNUSED, postgresql_where=UNUSED)


def downgrade() -> None:
    op.drop_index('ix_payment_unused', 'payment')
    op.execute('ALTER TABLE payment DROP COLUMN lost')  # as both kinds of database say it
    op.create_index(
        'ix_payment_unused', 'payment', ['account_id'], sqlite_where=UNUSED_BEFORE, postgresql_where=UNUSED_BEFORE
    )
    op.drop_table('dispute')
