"""what staff change of memberships: a term's own bill dates, who was told of a price, what a yearly plan is compared to

Revision ID: 0016
Revises: 0015
Created: 2026-11-30 20:45:00
"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('plan') as plan:
        plan.add_column(sa.Column('compared_to_id', sa.String(), nullable=True))
        plan.create_foreign_key('plan_compared_to_id_fkey', 'plan', ['compared_to_id'], ['id'])
    with op.batch_alter_table('plan_price') as price:
        price.add_column(sa.Column('told_at', sa.DateTime(), nullable=True))
    with op.batch_alter_table('membership_term') as term:
        term.add_column(sa.Column('anchor', sa.Date(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('membership_term') as term:
        term.drop_column('anchor')
    with op.batch_alter_table('plan_price') as price:
        price.drop_column('told_at')
    with op.batch_alter_table('plan') as plan:
        if _is_named('plan', 'plan_compared_to_id_fkey'):  # SQLite forgets the name when the table is copied
            plan.drop_constraint('plan_compared_to_id_fkey', type_='foreignkey')
        plan.drop_column('compared_to_id')


def _is_named(table: str, constraint: str) -> bool:
    """Whether the table has a foreign key of that name; one without a name goes with its column."""
    return any(key['name'] == constraint for key in sa.inspect(op.get_bind()).get_foreign_keys(table))
