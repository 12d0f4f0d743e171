"""memberships that the portal bills: price versions, terms, coupons, pauses, invoices, tries, history

Memberships that are here came from the practice's own system, which goes on billing them. Each plan's prices
become its first price version, each membership gets one term at that price.

Revision ID: 0012
Revises: 0011
Created: 2026-11-30 19:40:00
"""

import calendar
import json
import secrets
from datetime import date, datetime

import sqlalchemy as sa
from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None

_MONTHS = {'month': 1, 'quarter': 3, 'year': 12}


def upgrade() -> None:
    _create_tables()
    _add_columns()
    _fill(op.get_bind())
    _drop_old_columns()


def downgrade() -> None:
    """Each plan keeps the prices of its newest version; what only the portal knows of a membership is lost."""
    bind = op.get_bind()
    with op.batch_alter_table('plan') as plan:
        plan.add_column(sa.Column('bands', sa.JSON(), nullable=False, server_default='[]'))
        plan.add_column(sa.Column('family_cap', sa.BigInteger(), nullable=True))
    for price in bind.execute(sa.text('SELECT plan_id, bands, family_cap FROM plan_price ORDER BY first_day')).all():
        bands = price.bands if isinstance(price.bands, str) else json.dumps(price.bands)
        bind.execute(
            sa.text('UPDATE plan SET bands = :bands, family_cap = :cap WHERE id = :id'),
            {'bands': bands, 'cap': price.family_cap, 'id': price.plan_id},
        )
    with op.batch_alter_table('membership') as membership:
        membership.add_column(sa.Column('anchor_day', sa.Integer(), nullable=False, server_default='1'))
    for row in bind.execute(sa.text('SELECT id, anchor FROM membership').columns(anchor=sa.Date())).all():
        bind.execute(
            sa.text('UPDATE membership SET anchor_day = :day WHERE id = :id'),
            {'day': row.anchor.day, 'id': row.id},
        )
    bind.execute(
        sa.text("UPDATE membership SET status = 'cancelled' WHERE status = 'ended' AND end_reason = 'cancelled'")
    )
    bind.execute(sa.text("UPDATE membership SET status = 'active' WHERE status = 'paused'"))
    bind.execute(sa.text("UPDATE membership SET practice_key = id WHERE practice_key IS NULL"))
    bind.execute(sa.text("UPDATE plan SET practice_key = id WHERE practice_key IS NULL"))
    _remove_columns()
    for table in (
        'membership_event', 'autopay_try', 'membership_invoice', 'membership_coupon', 'membership_pause',
        'membership_term', 'coupon', 'plan_price',
    ):
        op.drop_table(table)


def _remove_columns() -> None:
    op.drop_index('ix_enrolment_open', 'enrolment')
    op.drop_index('ix_membership_due', 'membership')
    op.drop_index('ix_membership_status_plan', 'membership')
    with op.batch_alter_table('enrolment') as enrolment:
        if _is_named('enrolment', 'enrolment_price_id_fkey'):  # SQLite forgets the name when the table is copied
            enrolment.drop_constraint('enrolment_price_id_fkey', type_='foreignkey')
        for column in ('price_id', 'created_at', 'created_by'):
            enrolment.drop_column(column)
    with op.batch_alter_table('membership') as membership:
        for column in (
            'billed_by', 'anchor', 'ends_on', 'end_reason', 'autopay_agreed_at', 'announced_amount', 'announced_for'
        ):
            membership.drop_column(column)
        membership.alter_column('practice_key', existing_type=sa.String(), nullable=False)
        membership.alter_column('anchor_day', existing_type=sa.Integer(), server_default=None)
    with op.batch_alter_table('plan') as plan:
        for column in ('status', 'renews_automatically', 'keeps_price_in_term', 'joined_online', 'direct_primary_care'):
            plan.drop_column(column)
        plan.alter_column('practice_key', existing_type=sa.String(), nullable=False)
        plan.alter_column('bands', existing_type=sa.JSON(), server_default=None)


def _key() -> 'sa.Column[str]':
    return sa.Column('id', sa.String(), nullable=False, primary_key=True)


def _ref(name: str, table: str, *, nullable: bool = False, index: bool = True) -> 'sa.Column[str]':
    return sa.Column(name, sa.String(), sa.ForeignKey(f'{table}.id'), nullable=nullable, index=index)


def _create_tables() -> None:
    op.create_table(
        'plan_price',
        _key(),
        _ref('plan_id', 'plan', index=False),
        sa.Column('first_day', sa.Date(), nullable=False),
        sa.Column('audience', sa.String(40), nullable=False),
        sa.Column('bands', sa.JSON(), nullable=False),
        sa.Column('family_cap', sa.BigInteger(), nullable=True),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.Column('created_by', sa.String(), nullable=False),
        sa.UniqueConstraint('plan_id', 'first_day', 'audience'),
    )
    op.create_table(
        'coupon',
        _key(),
        sa.Column('code', sa.String(), nullable=False, unique=True),
        sa.Column('name', sa.String(), nullable=False),
        sa.Column('percent', sa.Integer(), nullable=True),
        sa.Column('amount', sa.BigInteger(), nullable=True),
        sa.Column('periods', sa.Integer(), nullable=True),
        sa.Column('first_day', sa.Date(), nullable=True),
        sa.Column('last_day', sa.Date(), nullable=True),
        sa.Column('uses_at_most', sa.Integer(), nullable=True),
        _ref('plan_id', 'plan', nullable=True),
        sa.Column('retired', sa.Boolean(), nullable=False),
        sa.Column('created_at', sa.DateTime(), nullable=False),
    )
    op.create_table(
        'membership_term',
        _key(),
        _ref('account_id', 'account'),
        _ref('membership_id', 'membership', index=False),
        _ref('plan_id', 'plan'),
        _ref('price_id', 'plan_price'),
        sa.Column('first_day', sa.Date(), nullable=False),
        sa.Column('last_day', sa.Date(), nullable=True),
        sa.Column('agreed_at', sa.DateTime(), nullable=False),
        sa.Column('agreed_by', sa.String(), nullable=False),
        sa.UniqueConstraint('membership_id', 'first_day'),
    )
    op.create_table(
        'membership_pause',
        _key(),
        _ref('account_id', 'account'),
        _ref('membership_id', 'membership'),
        sa.Column('first_day', sa.Date(), nullable=False),
        sa.Column('last_day', sa.Date(), nullable=False),
        sa.Column('reason', sa.String(), nullable=False),
        sa.Column('created_at', sa.DateTime(), nullable=False),
    )
    op.create_table(
        'membership_coupon',
        _key(),
        _ref('account_id', 'account'),
        _ref('membership_id', 'membership', index=False),
        _ref('coupon_id', 'coupon'),
        sa.Column('first_period', sa.Date(), nullable=False),
        sa.Column('used', sa.Integer(), nullable=False),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.UniqueConstraint('membership_id', 'coupon_id'),
    )
    op.create_table(
        'membership_invoice',
        _key(),
        _ref('account_id', 'account'),
        _ref('membership_id', 'membership', index=False),
        sa.Column('kind', sa.String(40), nullable=False),
        sa.Column('period_start', sa.Date(), nullable=False),
        sa.Column('period_end', sa.Date(), nullable=False),
        sa.Column('enrolment_id', sa.String(), nullable=False),
        sa.Column('repeat', sa.Integer(), nullable=False),
        sa.Column('due_day', sa.Date(), nullable=False),
        _ref('invoice_id', 'invoice'),
        sa.Column('amount', sa.BigInteger(), nullable=False),
        sa.Column('coupon_ids', sa.JSON(), nullable=False),
        sa.UniqueConstraint('membership_id', 'period_start', 'kind', 'enrolment_id', 'repeat'),
    )
    op.create_index('ix_membership_invoice_due', 'membership_invoice', ['due_day', 'membership_id'])
    op.create_table(
        'autopay_try',
        _key(),
        _ref('account_id', 'account'),
        _ref('membership_id', 'membership', index=False),
        sa.Column('due_day', sa.Date(), nullable=False),
        sa.Column('number', sa.Integer(), nullable=False),
        sa.Column('day', sa.Date(), nullable=False),
        _ref('payment_id', 'payment', nullable=True),
        sa.Column('outcome', sa.String(), nullable=False),
        sa.Column('decline_code', sa.String(), nullable=False),
        sa.Column('created_at', sa.DateTime(), nullable=False),
        sa.UniqueConstraint('membership_id', 'due_day', 'number'),
    )
    op.create_table(
        'membership_event',
        _key(),
        _ref('account_id', 'account'),
        _ref('membership_id', 'membership', index=False),
        sa.Column('kind', sa.String(40), nullable=False),
        sa.Column('happened_at', sa.DateTime(), nullable=False),
        sa.Column('done_by', sa.String(), nullable=False),
        sa.Column('details', sa.JSON(), nullable=False),
    )
    op.create_index('ix_membership_event_when', 'membership_event', ['membership_id', 'happened_at'])


def _add_columns() -> None:
    yes, no = sa.true(), sa.false()
    with op.batch_alter_table('plan') as plan:
        plan.alter_column('practice_key', existing_type=sa.String(), nullable=True)
        plan.add_column(sa.Column('status', sa.String(40), nullable=False, server_default='active'))
        plan.add_column(sa.Column('renews_automatically', sa.Boolean(), nullable=False, server_default=no))
        plan.add_column(sa.Column('keeps_price_in_term', sa.Boolean(), nullable=False, server_default=yes))
        plan.add_column(sa.Column('joined_online', sa.Boolean(), nullable=False, server_default=no))
        plan.add_column(sa.Column('direct_primary_care', sa.Boolean(), nullable=False, server_default=no))
    with op.batch_alter_table('membership') as membership:
        membership.alter_column('practice_key', existing_type=sa.String(), nullable=True)
        membership.add_column(sa.Column('billed_by', sa.String(40), nullable=False, server_default='practice'))
        membership.add_column(sa.Column('anchor', sa.Date(), nullable=True))
        membership.add_column(sa.Column('ends_on', sa.Date(), nullable=True))
        membership.add_column(sa.Column('end_reason', sa.String(40), nullable=True))
        membership.add_column(sa.Column('autopay_agreed_at', sa.DateTime(), nullable=True))
        membership.add_column(sa.Column('announced_amount', sa.BigInteger(), nullable=True))
        membership.add_column(sa.Column('announced_for', sa.Date(), nullable=True))
    with op.batch_alter_table('enrolment') as enrolment:
        enrolment.add_column(sa.Column('price_id', sa.String(), nullable=True))
        enrolment.add_column(sa.Column('created_at', sa.DateTime(), nullable=True))
        enrolment.add_column(sa.Column('created_by', sa.String(), nullable=False, server_default=''))
        enrolment.create_foreign_key('enrolment_price_id_fkey', 'plan_price', ['price_id'], ['id'])


def _fill(bind: 'sa.Connection') -> None:
    moment = datetime(2026, 11, 30)
    bind.execute(
        sa.text(
            "UPDATE membership SET status = 'ended', end_reason = 'cancelled' WHERE status = 'cancelled'"
        )
    )
    bind.execute(
        sa.text("UPDATE membership SET end_reason = 'expired' WHERE status = 'ended' AND end_reason IS NULL")
    )
    prices: dict[str, str] = {}
    periods: dict[str, str] = {}
    for plan in bind.execute(sa.text('SELECT id, period, bands, family_cap FROM plan')).all():
        prices[plan.id], periods[plan.id] = f'ppr_{secrets.token_hex(16)}', plan.period
        bands = plan.bands if isinstance(plan.bands, str) else json.dumps(plan.bands)
        bind.execute(
            sa.text(
                'INSERT INTO plan_price (id, plan_id, first_day, audience, bands, family_cap, created_at, created_by)'
                " VALUES (:id, :plan, :day, 'new_memberships', :bands, :cap, :moment, 'migration')"
            ).bindparams(sa.bindparam('day', type_=sa.Date()), sa.bindparam('moment', type_=sa.DateTime())),
            {
                'id': prices[plan.id], 'plan': plan.id, 'day': date(2000, 1, 1), 'bands': bands,
                'cap': plan.family_cap, 'moment': moment,
            },
        )
    rows = bind.execute(
        sa.text(
            'SELECT id, account_id, plan_id, start, next_bill_date, anchor_day, contract_end FROM membership'
        ).columns(start=sa.Date(), next_bill_date=sa.Date(), contract_end=sa.Date())
    ).all()
    for row in rows:
        anchor = _anchor(row.next_bill_date or row.start, row.anchor_day, _MONTHS[periods[row.plan_id]])
        bind.execute(
            sa.text('UPDATE membership SET anchor = :anchor WHERE id = :id').bindparams(
                sa.bindparam('anchor', type_=sa.Date())
            ),
            {'anchor': anchor, 'id': row.id},
        )
        bind.execute(
            sa.text(
                'INSERT INTO membership_term'
                ' (id, account_id, membership_id, plan_id, price_id, first_day, last_day, agreed_at, agreed_by)'
                " VALUES (:id, :account, :membership, :plan, :price, :first, :last, :moment, 'import')"
            ).bindparams(
                sa.bindparam('first', type_=sa.Date()),
                sa.bindparam('last', type_=sa.Date()),
                sa.bindparam('moment', type_=sa.DateTime()),
            ),
            {
                'id': f'trm_{secrets.token_hex(16)}', 'account': row.account_id, 'membership': row.id,
                'plan': row.plan_id, 'price': prices[row.plan_id], 'first': row.start,
                'last': row.contract_end, 'moment': moment,
            },
        )


def _anchor(bill_date: date, day_of_month: int, months: int) -> date:
    """A day that all bill dates are counted from: the bill date, or an earlier one in a month that has the day."""
    day = bill_date
    for back in range(0, 12 * 5, months):
        year, month = divmod(bill_date.year * 12 + bill_date.month - 1 - back, 12)
        days = calendar.monthrange(year, month + 1)[1]
        if min(day_of_month, days) != bill_date.day and back == 0:
            return bill_date  # the file's own date wins over its anchor day
        if days >= day_of_month:
            return date(year, month + 1, day_of_month)
    return day


def _drop_old_columns() -> None:
    for name, table, columns in (
        ('ix_membership_due', 'membership', ['billed_by', 'status', 'next_bill_date']),
        ('ix_membership_status_plan', 'membership', ['status', 'plan_id']),
    ):
        op.create_index(name, table, columns)
    with op.batch_alter_table('membership') as membership:
        membership.drop_column('anchor_day')
        membership.alter_column('anchor', existing_type=sa.Date(), nullable=False)
        membership.alter_column('billed_by', existing_type=sa.String(40), server_default=None)
    with op.batch_alter_table('plan') as plan:
        plan.drop_column('bands')
        plan.drop_column('family_cap')
        for column, kind in (
            ('status', sa.String(40)), ('renews_automatically', sa.Boolean()), ('keeps_price_in_term', sa.Boolean()),
            ('joined_online', sa.Boolean()), ('direct_primary_care', sa.Boolean()),
        ):
            plan.alter_column(column, existing_type=kind, server_default=None)
    with op.batch_alter_table('enrolment') as enrolment:
        enrolment.alter_column('created_by', existing_type=sa.String(), server_default=None)
    _close_doubled_enrolments(op.get_bind())
    op.create_index(
        'ix_enrolment_open', 'enrolment', ['membership_id', 'patient_id'], unique=True,
        sqlite_where=sa.text('"end" IS NULL'), postgresql_where=sa.text('"end" IS NULL'),
    )


def _close_doubled_enrolments(bind: 'sa.Connection') -> None:
    """Of two open enrolments of one person on one membership the later ends on the day it began."""
    rows = bind.execute(
        sa.text(
            'SELECT id, membership_id, patient_id FROM enrolment WHERE "end" IS NULL'
            ' ORDER BY membership_id, patient_id, start, id'
        )
    ).all()
    seen: set[tuple[str, str]] = set()
    for row in rows:
        key = (row.membership_id, row.patient_id)
        if key in seen:
            bind.execute(sa.text('UPDATE enrolment SET "end" = start WHERE id = :id'), {'id': row.id})
        seen.add(key)


def _is_named(table: str, constraint: str) -> bool:
    """Whether the table has a foreign key of that name; one without a name goes with its column."""
    return any(key['name'] == constraint for key in sa.inspect(op.get_bind()).get_foreign_keys(table))
