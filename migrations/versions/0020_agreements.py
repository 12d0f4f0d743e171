"""agreements: texts and versions, requests, signatures, sealed copies, keys

Revision ID: 0020
Revises: 0019
Created: 2026-12-01 03:36:35
"""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'agreement',
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('kind', sa.String(length=40), nullable=False),
        sa.Column('status', sa.String(length=40), nullable=False),
        sa.Column('newest', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_table(
        'signing_key',
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('certificate', sa.String(), nullable=False),
        sa.Column('private_key', sa.String(), nullable=False),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.Column('retired_at', sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_table(
        'agreement_draft',
        sa.Column('second_guardian', sa.Boolean(), nullable=False),
        sa.Column('countersigned', sa.Boolean(), nullable=False),
        sa.Column('adult_until_18', sa.Boolean(), nullable=False),
        sa.Column('drawn_only', sa.Boolean(), nullable=False),
        sa.Column('agreement_id', sa.String(), nullable=False),
        sa.Column('texts', sa.JSON(), nullable=False),
        sa.Column('points', sa.JSON(), nullable=False),
        sa.Column('changed', sa.Integer(), nullable=False),
        sa.Column('changed_at', sa.DateTime(), nullable=False),
        sa.Column('changed_by', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ['agreement_id'],
            ['agreement.id'],
        ),
        sa.PrimaryKeyConstraint('agreement_id'),
    )
    op.create_table(
        'agreement_version',
        sa.Column('second_guardian', sa.Boolean(), nullable=False),
        sa.Column('countersigned', sa.Boolean(), nullable=False),
        sa.Column('adult_until_18', sa.Boolean(), nullable=False),
        sa.Column('drawn_only', sa.Boolean(), nullable=False),
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('agreement_id', sa.String(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('published_at', sa.DateTime(), nullable=False),
        sa.Column('published_by', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ['agreement_id'],
            ['agreement.id'],
        ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('agreement_id', 'number'),
    )
    op.create_table(
        'agreement_request',
        sa.Column('patient_id', sa.String(), nullable=False),
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('agreement_id', sa.String(), nullable=False),
        sa.Column('version_id', sa.String(), nullable=False),
        sa.Column('reason', sa.String(length=40), nullable=False),
        sa.Column('membership_id', sa.String(), nullable=False),
        sa.Column('status', sa.String(length=40), nullable=False),
        sa.Column('asked_at', sa.DateTime(), nullable=False),
        sa.Column('asked_by', sa.String(), nullable=False),
        sa.Column('expires_on', sa.Date(), nullable=True),
        sa.Column('told_at', sa.DateTime(), nullable=True),
        sa.Column('reminders', sa.Integer(), nullable=False),
        sa.Column('signatures', sa.Integer(), nullable=False),
        sa.Column('ended_at', sa.DateTime(), nullable=True),
        sa.Column('ended_by', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ['agreement_id'],
            ['agreement.id'],
        ),
        sa.ForeignKeyConstraint(
            ['patient_id'],
            ['patient.id'],
        ),
        sa.ForeignKeyConstraint(
            ['version_id'],
            ['agreement_version.id'],
        ),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_agreement_request_agreement_id', 'agreement_request', ['agreement_id'])
    op.create_index('ix_agreement_request_membership_id', 'agreement_request', ['membership_id'])
    op.create_index('ix_agreement_request_patient_id', 'agreement_request', ['patient_id'])
    op.create_index('ix_agreement_request_status', 'agreement_request', ['status', 'expires_on'])
    op.create_index('ix_agreement_request_version_id', 'agreement_request', ['version_id'])
    op.create_index(
        'ix_agreement_request_waiting',
        'agreement_request',
        ['agreement_id', 'patient_id', 'membership_id'],
        unique=True,
        sqlite_where=sa.text("status = 'waiting'"),
        postgresql_where=sa.text("status = 'waiting'"),
    )

    op.create_table(
        'agreement_text',
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('version_id', sa.String(), nullable=False),
        sa.Column('language', sa.String(), nullable=False),
        sa.Column('title', sa.String(), nullable=False),
        sa.Column('markdown', sa.String(), nullable=False),
        sa.Column('sha256', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ['version_id'],
            ['agreement_version.id'],
        ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('version_id', 'language'),
    )
    op.create_table(
        'electronic_consent',
        sa.Column('patient_id', sa.String(), nullable=False),
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('text_version', sa.String(), nullable=False),
        sa.Column('language', sa.String(), nullable=False),
        sa.Column('given_at', sa.DateTime(), nullable=False),
        sa.Column('ip', sa.String(), nullable=False),
        sa.Column('device', sa.String(), nullable=False),
        sa.Column('withdrawn_at', sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ['patient_id'],
            ['patient.id'],
        ),
        sa.PrimaryKeyConstraint('id'),
    )
    op.create_index('ix_electronic_consent_patient_id', 'electronic_consent', ['patient_id'])

    op.create_table(
        'agreement_copy',
        sa.Column('patient_id', sa.String(), nullable=False),
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('request_id', sa.String(), nullable=True),
        sa.Column('origin', sa.String(length=40), nullable=False),
        sa.Column('status', sa.String(length=40), nullable=False),
        sa.Column('number', sa.String(), nullable=False),
        sa.Column('title', sa.String(), nullable=False),
        sa.Column('signed_on', sa.Date(), nullable=True),
        sa.Column('signed_by', sa.String(), nullable=False),
        sa.Column('practice_key', sa.String(), nullable=True),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.Column('sha256', sa.String(), nullable=False),
        sa.Column('size', sa.Integer(), nullable=False),
        sa.Column('sealed_at', sa.DateTime(), nullable=True),
        sa.Column('key_id', sa.String(), nullable=False),
        sa.Column('time_stamped', sa.Boolean(), nullable=False),
        sa.Column('trail_number', sa.Integer(), nullable=True),
        sa.Column('trail_hash', sa.String(), nullable=False),
        sa.Column('tries', sa.Integer(), nullable=False),
        sa.Column('next_try_at', sa.DateTime(), nullable=True),
        sa.Column('failed', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ['patient_id'],
            ['patient.id'],
        ),
        sa.ForeignKeyConstraint(
            ['request_id'],
            ['agreement_request.id'],
        ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('practice_key'),
        sa.UniqueConstraint('request_id'),
    )
    op.create_index('ix_agreement_copy_number', 'agreement_copy', ['number'])
    op.create_index('ix_agreement_copy_patient_id', 'agreement_copy', ['patient_id'])
    op.create_index('ix_agreement_copy_status', 'agreement_copy', ['status', 'next_try_at'])

    op.create_table(
        'agreement_signer',
        sa.Column('patient_id', sa.String(), nullable=False),
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('request_id', sa.String(), nullable=False),
        sa.Column('part', sa.String(length=40), nullable=False),
        sa.Column('signer_id', sa.String(), nullable=True),
        sa.Column('status', sa.String(length=40), nullable=False),
        sa.Column('opened_at', sa.DateTime(), nullable=True),
        sa.Column('paper_at', sa.DateTime(), nullable=True),
        sa.Column('declined_at', sa.DateTime(), nullable=True),
        sa.Column('declined_by', sa.String(), nullable=False),
        sa.Column('reason', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ['patient_id'],
            ['patient.id'],
        ),
        sa.ForeignKeyConstraint(
            ['request_id'],
            ['agreement_request.id'],
        ),
        sa.ForeignKeyConstraint(
            ['signer_id'],
            ['patient.id'],
        ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('request_id', 'part'),
    )
    op.create_index('ix_agreement_signer_patient_id', 'agreement_signer', ['patient_id'])
    op.create_index('ix_agreement_signer_whose', 'agreement_signer', ['signer_id', 'status'])

    op.create_table(
        'agreement_copy_file',
        sa.Column('copy_id', sa.String(), nullable=False),
        sa.Column('pdf', sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ['copy_id'],
            ['agreement_copy.id'],
        ),
        sa.PrimaryKeyConstraint('copy_id'),
    )
    op.create_table(
        'signature',
        sa.Column('patient_id', sa.String(), nullable=False),
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('signer_row_id', sa.String(), nullable=False),
        sa.Column('request_id', sa.String(), nullable=False),
        sa.Column('version_id', sa.String(), nullable=False),
        sa.Column('part', sa.String(length=40), nullable=False),
        sa.Column('signer_id', sa.String(), nullable=True),
        sa.Column('staff_id', sa.String(), nullable=True),
        sa.Column('name_on_file', sa.String(), nullable=False),
        sa.Column('on_behalf_of', sa.String(), nullable=False),
        sa.Column('relationship', sa.String(), nullable=False),
        sa.Column('signed_at', sa.DateTime(), nullable=False),
        sa.Column('zone', sa.String(), nullable=False),
        sa.Column('language', sa.String(), nullable=False),
        sa.Column('text_sha256', sa.String(), nullable=False),
        sa.Column('facts', sa.JSON(), nullable=False),
        sa.Column('values', sa.JSON(), nullable=False),
        sa.Column('answers', sa.JSON(), nullable=False),
        sa.Column('answers_sha256', sa.String(), nullable=False),
        sa.Column('way', sa.String(length=40), nullable=False),
        sa.Column('typed_name', sa.String(), nullable=False),
        sa.Column('strokes', sa.JSON(), nullable=False),
        sa.Column('consent_id', sa.String(), nullable=True),
        sa.Column('consent_version', sa.String(), nullable=False),
        sa.Column('consent_at', sa.DateTime(), nullable=True),
        sa.Column('identity_check', sa.String(length=40), nullable=False),
        sa.Column('session_ref', sa.String(), nullable=False),
        sa.Column('ip', sa.String(), nullable=False),
        sa.Column('device', sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ['consent_id'],
            ['electronic_consent.id'],
        ),
        sa.ForeignKeyConstraint(
            ['patient_id'],
            ['patient.id'],
        ),
        sa.ForeignKeyConstraint(
            ['request_id'],
            ['agreement_request.id'],
        ),
        sa.ForeignKeyConstraint(
            ['signer_id'],
            ['patient.id'],
        ),
        sa.ForeignKeyConstraint(
            ['signer_row_id'],
            ['agreement_signer.id'],
        ),
        sa.ForeignKeyConstraint(
            ['staff_id'],
            ['staff_member.id'],
        ),
        sa.ForeignKeyConstraint(
            ['version_id'],
            ['agreement_version.id'],
        ),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('signer_row_id'),
    )
    op.create_index('ix_signature_patient_id', 'signature', ['patient_id'])
    op.create_index('ix_signature_request_id', 'signature', ['request_id'])
    op.create_index('ix_signature_signer_id', 'signature', ['signer_id'])

    with op.batch_alter_table('practice') as practice:
        practice.add_column(sa.Column('agreement_settings', sa.JSON(), nullable=False, server_default='{}'))
    with op.batch_alter_table('practice') as practice:
        practice.alter_column('agreement_settings', existing_type=sa.JSON(), server_default=None)
    with op.batch_alter_table('plan') as plan:
        plan.add_column(sa.Column('agreement_id', sa.String(), nullable=True))
        plan.create_foreign_key('plan_agreement_id_fkey', 'agreement', ['agreement_id'], ['id'])


def downgrade() -> None:
    with op.batch_alter_table('plan') as plan:
        if _is_named('plan', 'plan_agreement_id_fkey'):  # SQLite forgets the name when the table is copied
            plan.drop_constraint('plan_agreement_id_fkey', type_='foreignkey')
        plan.drop_column('agreement_id')
    with op.batch_alter_table('practice') as practice:
        practice.drop_column('agreement_settings')
    op.drop_table('signature')
    op.drop_table('agreement_copy_file')
    op.drop_table('agreement_signer')
    op.drop_table('agreement_copy')
    op.drop_table('electronic_consent')
    op.drop_table('agreement_text')
    op.drop_table('agreement_request')
    op.drop_table('agreement_version')
    op.drop_table('agreement_draft')
    op.drop_table('signing_key')
    op.drop_table('agreement')


def _is_named(table: str, constraint: str) -> bool:
    """Whether the database knows the foreign key by this name."""
    return any(key['name'] == constraint for key in sa.inspect(op.get_bind()).get_foreign_keys(table))
