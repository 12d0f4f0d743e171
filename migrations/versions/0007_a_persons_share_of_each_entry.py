"""a persons share of each entry

Revision ID: 0007
Revises: 0006
Created: 2026-11-26 10:39:57.101339
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from secrets import token_hex
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

ENTRIES = """
SELECT id, account_id, kind, amount, source, invoice_id, payment_id, posted_on
FROM ledger_entry WHERE patient_id IS NULL ORDER BY account_id
"""
LINES = "SELECT account_id, invoice_id, patient_id, amount FROM invoice_line ORDER BY account_id, position"
PAID = "SELECT account_id, payment_id, invoice_id, amount FROM allocation ORDER BY account_id"
REFUNDS = "SELECT account_id, id, payment_id, status, taken_back FROM refund ORDER BY account_id"
Of = defaultdict[str, dict[str, int]]


def upgrade() -> None:
    share = op.create_table(
        'ledger_share',
        sa.Column('account_id', sa.String(), nullable=False),
        sa.Column('id', sa.String(), nullable=False),
        sa.Column('entry_id', sa.String(), nullable=False),
        sa.Column('patient_id', sa.String(), nullable=False),
        sa.Column('posted_on', sa.Date(), nullable=False),
        sa.Column('amount', sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(['account_id'], ['account.id']),
        sa.ForeignKeyConstraint(['entry_id'], ['ledger_entry.id']),
        sa.ForeignKeyConstraint(['patient_id'], ['patient.id']),
        sa.PrimaryKeyConstraint('id'),
        sa.UniqueConstraint('entry_id', 'patient_id'),
    )
    op.create_index('ix_ledger_share_day', 'ledger_share', ['account_id', 'patient_id', 'posted_on', 'amount'])
    op.create_index('ix_ledger_share_patient_id', 'ledger_share', ['patient_id'])
    op.drop_index('ix_ledger_entry_patient_id', 'ledger_entry')
    op.create_index('ix_ledger_person_day', 'ledger_entry', ['patient_id', 'account_id', 'posted_on', 'amount'])
    fill(share)


def downgrade() -> None:
    op.drop_index('ix_ledger_person_day', 'ledger_entry')
    op.create_index('ix_ledger_entry_patient_id', 'ledger_entry', ['patient_id'])
    op.drop_index('ix_ledger_share_patient_id', 'ledger_share')
    op.drop_index('ix_ledger_share_day', 'ledger_share')
    op.drop_table('ledger_share')


def fill(share: Any) -> None:
    """As `per_person.split` said it at the time of this migration."""
    connection = op.get_bind()
    lines: Of = defaultdict(dict)
    for _, bill, who, amount in connection.execute(sa.text(LINES)):
        lines[bill][who] = lines[bill].get(who, 0) + amount
    paid: Of = defaultdict(dict)
    for _, payment, bill, amount in connection.execute(sa.text(PAID)):
        paid[payment][bill] = paid[payment].get(bill, 0) + amount
    given: Of = defaultdict(dict)
    for _, refund, payment, status, taken in connection.execute(sa.text(REFUNDS)):
        for bill, minor in json.loads(taken) if isinstance(taken, str) else taken:
            given[refund][bill] = given[refund].get(bill, 0) + minor
            if status == 'succeeded':
                paid[payment][bill] = paid[payment].get(bill, 0) + minor
    rows = connection.execute(sa.text(ENTRIES).columns(posted_on=sa.Date())).all()
    for _, some in groupby(rows, lambda row: row.account_id):
        made = [
            {
                'id': f'shr_{token_hex(16)}',
                'account_id': row.account_id,
                'entry_id': row.id,
                'patient_id': who,
                'posted_on': row.posted_on,
                'amount': amount,
            }
            for row in some
            for who, amount in whose(row, lines, paid, given).items()
        ]
        if made:
            connection.execute(share.insert(), made)


def whose(row: Any, lines: Of, paid: Of, given: Of) -> dict[str, int]:
    if row.kind == 'payment' and row.payment_id:
        pieces = [(bill, -minor) for bill, minor in paid.get(row.payment_id, {}).items()]
    elif row.kind == 'refund' or (row.kind == 'reversal' and row.source in given):
        sign = 1 if row.amount > 0 else -1
        pieces = [(bill, sign * minor) for bill, minor in given.get(row.source, {}).items()]
    else:
        of = lines.get(row.invoice_id, {})
        if of and sum(of.values()) == row.amount:
            return dict(of)
        pieces = [(row.invoice_id, row.amount)]
    parts: defaultdict[str, int] = defaultdict(int)
    for bill, minor in pieces:
        for who, part in by_weight(minor, lines.get(bill, {})):
            parts[who] += part
    return dict(parts)


def by_weight(minor: int, weights: dict[str, int]) -> Iterator[tuple[str, int]]:
    of = {who: weight for who, weight in weights.items() if weight > 0}
    whole, sign, size = sum(of.values()), (-1 if minor < 0 else 1), abs(minor)
    odd = size - sum(size * weight // whole for weight in of.values())
    for n, (who, weight) in enumerate(of.items()):
        yield who, sign * (size * weight // whole + (n < odd))
