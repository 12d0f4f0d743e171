"""find copies by their hashes

Revision ID: 0023
Revises: 0022
Created: 2026-12-01 04:25:00
"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('agreement_copy', sa.Column('signed_sha256', sa.String(), nullable=False, server_default=''))
    with op.batch_alter_table('agreement_copy') as copy:
        copy.alter_column('signed_sha256', existing_type=sa.String(), server_default=None)
    op.create_index('ix_agreement_copy_sha256', 'agreement_copy', ['sha256'])
    op.create_index('ix_agreement_copy_signed_sha256', 'agreement_copy', ['signed_sha256'])


def downgrade() -> None:
    op.drop_index('ix_agreement_copy_signed_sha256', 'agreement_copy')
    op.drop_index('ix_agreement_copy_sha256', 'agreement_copy')
    op.execute('ALTER TABLE agreement_copy DROP COLUMN signed_sha256')
