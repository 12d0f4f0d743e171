"""locks of sign-ins by account and device or network

A lock was one for everybody, so a stranger could keep a person out. Locks that stand now end: their count does not
say whose failures they were.

Revision ID: 0014
Revises: 0013
Created: 2026-11-30 19:45:00
"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'known_source',
        sa.Column('person', sa.String(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('standing', sa.String(), nullable=False),
        sa.Column('last_at', sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint('person', 'source'),
    )
    op.create_index('ix_known_source_source', 'known_source', ['source'])
    op.create_table(
        'sign_in_lock',
        sa.Column('account', sa.String(), nullable=False),
        sa.Column('source', sa.String(), nullable=False),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('last_failure_at', sa.DateTime(), nullable=False),
        sa.Column('locked_until', sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint('account', 'source'),
    )
    for table, columns in (('patient_login', ('failures', 'locked_until', 'locked')), ('staff_member', ('failures', 'locked_until'))):
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.drop_column(column)


def downgrade() -> None:
    for table in ('patient_login', 'staff_member'):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column('failures', sa.Integer(), nullable=False, server_default='0'))
            batch_op.add_column(sa.Column('locked_until', sa.DateTime(), nullable=True))
            if table == 'patient_login':
                batch_op.add_column(sa.Column('locked', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.drop_table('sign_in_lock')
    op.drop_table('known_source')
