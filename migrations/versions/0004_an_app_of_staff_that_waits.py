"""an app of staff that waits for its first code

Revision ID: 0004
Revises: 0003
Created: 2026-11-25 23:10:00
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff_member", sa.Column("totp_waiting", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("staff_member") as table:
        table.drop_column("totp_waiting")
