"""set-up links of staff: the only way to a first authenticator app

Revision ID: 0009
Revises: 0008
Created: 2026-11-30 15:45:00.000000
"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'staff_set_up_link',
        sa.Column('staff_id', sa.String(), nullable=False),
        sa.Column('hash', sa.String(), nullable=False),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.Column('expires_at', sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(['staff_id'], ['staff_member.id']),
        sa.PrimaryKeyConstraint('staff_id'),
        sa.UniqueConstraint('hash'),
    )
    with op.batch_alter_table('staff_step', schema=None) as batch_op:
        batch_op.add_column(sa.Column('set_up_link', sa.String(), nullable=False, server_default=''))
    with op.batch_alter_table('staff_step', schema=None) as batch_op:
        batch_op.alter_column('set_up_link', server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('staff_step', schema=None) as batch_op:
        batch_op.drop_column('set_up_link')
    op.drop_table('staff_set_up_link')
