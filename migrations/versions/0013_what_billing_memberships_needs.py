"""what billing memberships needs: a series of invoice numbers, settings, the fee and price that are due

Revision ID: 0013
Revises: 0012
Created: 2026-11-30 20:20:00
"""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'number_series',
        sa.Column('name', sa.String(), nullable=False, primary_key=True),
        sa.Column('upcoming', sa.Integer(), nullable=False),
    )
    op.execute(
        "INSERT INTO number_series (name, upcoming)"
        " SELECT 'invoice', 1001 + count(*) FROM invoice WHERE number LIKE 'P-%'"
    )
    with op.batch_alter_table('practice') as practice:
        practice.add_column(sa.Column('membership_settings', sa.JSON(), nullable=False, server_default='{}'))
    with op.batch_alter_table('practice') as practice:
        practice.alter_column('membership_settings', existing_type=sa.JSON(), server_default=None)
    with op.batch_alter_table('membership') as membership:
        membership.add_column(sa.Column('enrolment_fee_due', sa.BigInteger(), nullable=True))
        membership.add_column(sa.Column('renewal_price_id', sa.String(), nullable=True))
        membership.create_foreign_key(
            'membership_renewal_price_id_fkey', 'plan_price', ['renewal_price_id'], ['id']
        )


def downgrade() -> None:
    with op.batch_alter_table('membership') as membership:
        if _is_named('membership', 'membership_renewal_price_id_fkey'):  # SQLite forgets the name when the table is copied
            membership.drop_constraint('membership_renewal_price_id_fkey', type_='foreignkey')
        membership.drop_column('renewal_price_id')
        membership.drop_column('enrolment_fee_due')
    with op.batch_alter_table('practice') as practice:
        practice.drop_column('membership_settings')
    op.drop_table('number_series')


def _is_named(table: str, constraint: str) -> bool:
    """Whether the table has a foreign key of that name; one without a name goes with its column."""
    return any(key['name'] == constraint for key in sa.inspect(op.get_bind()).get_foreign_keys(table))
