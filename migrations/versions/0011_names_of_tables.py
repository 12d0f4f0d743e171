"""rename tables and columns to the product's own terms

One noun has one name in every layer: `payment_source` is `payment_method`, `one_time_link` is `action_link`,
and so on. Every row stays as it is.

Revision ID: 0011
Revises: 0010
Created: 2026-11-30 16:00:00
"""

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

TABLES = (
    ('payment_source', 'payment_method'),
    ('one_time_link', 'action_link'),
    ('payment_part', 'intended_allocation'),
    ('ledger_share', 'ledger_person_share'),
    ('processor_event', 'received_webhook'),
    ('money_notice', 'billing_notice'),
    ('sharing_wish', 'grant_request'),
)
COLUMNS = (  # table, before, after
    ('payment', 'source_id', 'payment_method_id'),
    ('payment', 'source_shown', 'paid_with'),
    ('payment', 'save_source', 'save_payment_method'),
    ('payment', 'outcome_known', 'accepted_by_processor'),
    ('membership', 'source_id', 'payment_method_id'),
)


def upgrade() -> None:
    for before, after in TABLES:
        op.rename_table(before, after)
    for table, before, after in COLUMNS:
        _rename_column(table, before, after)
    _rename_indexes([(before, after) for before, after in TABLES], [(b, a) for _, b, a in COLUMNS])


def downgrade() -> None:
    for table, before, after in COLUMNS:
        _rename_column(table, after, before)
    for before, after in reversed(TABLES):
        op.rename_table(after, before)
    _rename_indexes([(after, before) for before, after in TABLES], [(a, b) for _, b, a in COLUMNS])


def _rename_column(table: str, before: str, after: str) -> None:
    op.execute(f'ALTER TABLE {table} RENAME COLUMN {before} TO {after}')  # the same on both databases


def _rename_indexes(tables: list[tuple[str, str]], columns: list[tuple[str, str]]) -> None:
    """An index is named after its table and column (ix_table_column): its name follows."""
    inspector = sa.inspect(op.get_bind())
    for table in inspector.get_table_names():
        for index in inspector.get_indexes(table):
            name = str(index['name'])
            new = name
            for before, after in tables:
                if table == after and new.startswith(f'ix_{before}_'):
                    new = f'ix_{after}_' + new.removeprefix(f'ix_{before}_')
            for before, after in columns:
                if new == f'ix_{table}_{before}':
                    new = f'ix_{table}_{after}'
            if new != name and not index.get('duplicates_constraint'):
                op.drop_index(name, table_name=table)
                op.create_index(new, table, [str(c) for c in index['column_names']], unique=bool(index['unique']))
