"""members whom patients add: a patient without a chart number, a request to an adult to join

Revision ID: 0018
Revises: 0017
Created: 2026-11-30 20:45:00
"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('patient') as patient:
        patient.alter_column('chart_number', existing_type=sa.String(), nullable=True)
    op.create_table(
        'member_request',
        sa.Column('account_id', sa.String(), nullable=False),
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('membership_id', sa.String(), nullable=False),
        sa.Column('patient_id', sa.String(), nullable=False),
        sa.Column('start', sa.Date(), nullable=False),
        sa.Column('amount', sa.BigInteger(), nullable=False),
        sa.Column('asked_at', sa.DateTime(), nullable=False),
        sa.Column('asked_by', sa.String(), nullable=False),
        sa.Column('answered_at', sa.DateTime(), nullable=True),
        sa.Column('agreed', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(['account_id'], ['account.id']),
        sa.ForeignKeyConstraint(['membership_id'], ['membership.id']),
        sa.ForeignKeyConstraint(['patient_id'], ['patient.id']),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('membership_id', 'patient_id', 'asked_at'),
    )
    op.create_index('ix_member_request_account_id', 'member_request', ['account_id'])
    op.create_index('ix_member_request_patient_id', 'member_request', ['patient_id'])


def downgrade() -> None:
    op.drop_table('member_request')
    # Before, every patient had one: those who have none yet get one that no practice writes.
    op.execute("UPDATE patient SET chart_number = 'none:' || id WHERE chart_number IS NULL")
    with op.batch_alter_table('patient') as patient:
        patient.alter_column('chart_number', existing_type=sa.String(), nullable=False)
