"""joining online: requests of people without an account

Revision ID: 0019
Revises: 0018
Created: 2026-11-30 23:33:15
"""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None

_UNFINISHED = sa.text("status IN ('open', 'paying')")


def upgrade() -> None:
    op.create_table(
        'join_request',
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('status', sa.String(length=40), nullable=False),
        sa.Column('contact_hash', sa.String(), nullable=False),
        sa.Column('contact_kind', sa.String(length=40), nullable=False),
        sa.Column('contact_value', sa.String(), nullable=False),
        sa.Column('contact_shown', sa.String(), nullable=False),
        sa.Column('language', sa.String(), nullable=False),
        sa.Column('draft', sa.JSON(), nullable=False),
        sa.Column('plan_id', sa.String(), nullable=True),
        sa.Column('account_id', sa.String(), nullable=True),
        sa.Column('owner_id', sa.String(), nullable=True),
        sa.Column('member_ids', sa.JSON(), nullable=False),
        sa.Column('invoice_id', sa.String(), nullable=True),
        sa.Column('price_id', sa.String(), nullable=True),
        sa.Column('coupon_id', sa.String(), nullable=True),
        sa.Column('fee', sa.BigInteger(), nullable=True),
        sa.Column('membership_id', sa.String(), nullable=True),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.Column('changed_at', sa.DateTime(), nullable=False),
        sa.Column('paid_at', sa.DateTime(), nullable=True),
        sa.Column('answered_at', sa.DateTime(), nullable=True),
        sa.Column('answered_by', sa.String(), nullable=False),
        sa.Column('reason', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(['account_id'], ['account.id']),
        sa.ForeignKeyConstraint(['coupon_id'], ['coupon.id']),
        sa.ForeignKeyConstraint(['invoice_id'], ['invoice.id']),
        sa.ForeignKeyConstraint(['membership_id'], ['membership.id']),
        sa.ForeignKeyConstraint(['owner_id'], ['patient.id']),
        sa.ForeignKeyConstraint(['plan_id'], ['plan.id']),
        sa.ForeignKeyConstraint(['price_id'], ['plan_price.id']),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_join_request_account_id', 'join_request', ['account_id'])
    op.create_index('ix_join_request_contact_hash', 'join_request', ['contact_hash'])
    op.create_index('ix_join_request_status', 'join_request', ['status', 'changed_at'])
    op.create_index(
        'ix_join_request_unfinished',
        'join_request',
        ['contact_hash'],
        unique=True,
        sqlite_where=_UNFINISHED,
        postgresql_where=_UNFINISHED,
    )


def downgrade() -> None:
    op.drop_table('join_request')
