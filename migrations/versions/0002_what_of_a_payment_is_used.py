"""keep what of a payment is used, and indexes for accounts with thousands of entries

Revision ID: 0002
Revises: 0001
Created: 2026-11-25 22:55:46.366029
"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

OPEN = sa.text("status IN ('open', 'partly_paid')")
UNUSED = sa.text('allocated < amount - refunded')
USED = """
UPDATE payment SET allocated = (
    SELECT coalesce(sum(allocation.amount), 0) FROM allocation WHERE allocation.payment_id = payment.id
)
"""


def upgrade() -> None:
    op.add_column('payment', sa.Column('allocated', sa.BigInteger(), nullable=False, server_default=sa.text('0')))
    op.execute(USED)
    op.drop_index('ix_allocation_account_id', 'allocation')
    op.drop_index('ix_payment_part_account_id', 'payment_part')
    op.drop_index('ix_payment_account_id', 'payment')
    op.drop_index('ix_invoice_line_invoice_id', 'invoice_line')
    op.create_index('ix_invoice_line_invoice_patient', 'invoice_line', ['invoice_id', 'patient_id'])
    op.create_index('ix_invoice_account_status', 'invoice', ['account_id', 'status', 'issue_date', 'number'])
    op.create_index(
        'ix_invoice_open', 'invoice', ['account_id', 'issue_date', 'number'], sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index('ix_payment_account_status', 'payment', ['account_id', 'status', 'settled_at'])
    op.create_index(
        'ix_payment_not_posted', 'payment', ['account_id'],
        sqlite_where=sa.text('posted IS 0'), postgresql_where=sa.text('posted IS false'),
    )
    op.create_index(
        'ix_payment_unused', 'payment', ['account_id'], sqlite_where=UNUSED, postgresql_where=UNUSED
    )


def downgrade() -> None:
    op.drop_index('ix_payment_unused', 'payment')
    op.drop_index('ix_payment_not_posted', 'payment')
    op.drop_index('ix_payment_account_status', 'payment')
    op.drop_index('ix_invoice_open', 'invoice')
    op.drop_index('ix_invoice_account_status', 'invoice')
    op.drop_index('ix_invoice_line_invoice_patient', 'invoice_line')
    op.create_index('ix_invoice_line_invoice_id', 'invoice_line', ['invoice_id'])
    op.create_index('ix_payment_account_id', 'payment', ['account_id'])
    op.create_index('ix_payment_part_account_id', 'payment_part', ['account_id'])
    op.create_index('ix_allocation_account_id', 'allocation', ['account_id'])
    op.execute('ALTER TABLE payment DROP COLUMN allocated')  # as both kinds of database say it
