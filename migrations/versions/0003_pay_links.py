"""how long a pay link works, and whether messages carry one

Revision ID: 0003
Revises: 0002
Created: 2026-11-25 22:56:10.118304
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("practice", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("link_in_messages", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        batch_op.add_column(sa.Column("pay_link_days", sa.Integer(), nullable=False, server_default="14"))
    with op.batch_alter_table("practice", schema=None) as batch_op:
        batch_op.alter_column("link_in_messages", server_default=None)
        batch_op.alter_column("pay_link_days", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("practice", schema=None) as batch_op:
        batch_op.drop_column("pay_link_days")
        batch_op.drop_column("link_in_messages")
