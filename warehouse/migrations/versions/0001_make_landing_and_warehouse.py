"""Make landing and warehouse."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema landing")
    op.create_table(
        "line",
        sa.Column(
            "line_number",
            sa.BigInteger(),
            nullable=False,
            comment="line of the file, counted from 1; over several sheets, counted on",
        ),
        sa.Column("invoice_no", sa.Text(), nullable=True, comment="as read"),
        sa.Column("stock_code", sa.Text(), nullable=True, comment="as read"),
        sa.Column("description", sa.Text(), nullable=True, comment="as read, blanks included"),
        sa.Column("quantity", sa.Text(), nullable=True, comment="as read"),
        sa.Column("invoice_date", sa.Text(), nullable=True, comment="as read"),
        sa.Column("unit_price", sa.Text(), nullable=True, comment="as read"),
        sa.Column("customer_id", sa.Text(), nullable=True, comment="as read"),
        sa.Column("country", sa.Text(), nullable=True, comment="as read"),
        schema="landing",
        comment="The newest file as read, as text. One row per line with the right number of columns.",
    )
    op.create_table(
        "reject",
        sa.Column("reject_id", sa.BigInteger(), sa.Identity(always=True), nullable=False, comment="running number"),
        sa.Column(
            "file", sa.Text(), nullable=False, comment="name of the file, and of the sheet where there are sheets"
        ),
        sa.Column(
            "line_number",
            sa.BigInteger(),
            nullable=False,
            comment="line of the file or row of the sheet, counted from 1",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="why the line cannot be a transaction"),
        sa.Column("text", sa.Text(), nullable=False, comment="the line as read"),
        sa.Column(
            "landing_line",
            sa.BigInteger(),
            nullable=True,
            comment="its line_number in landing.line; null where it does not fit the columns",
        ),
        sa.PrimaryKeyConstraint("reject_id", name=op.f("reject_pkey")),
        schema="landing",
        comment="Lines of the newest file that cannot be transactions. One row per rejected line.",
    )
    op.create_table(
        "source",
        sa.Column("file", sa.Text(), nullable=False, comment="name of the file that was handed over"),
        sa.Column("form", sa.Text(), nullable=False, comment="what kind of file it is, such as COPY dump"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="hash of the file as handed over"),
        sa.Column(
            "price_type",
            sa.Text(),
            nullable=True,
            comment="real or double precision where prices are printed with more digits than they have",
        ),
        sa.Column("lines_read", sa.BigInteger(), nullable=False, comment="lines in the file, rejected ones included"),
        schema="landing",
        comment="The file that landing holds. One row.",
    )
    op.create_table(
        "calendar",
        sa.Column("date", sa.Date(), nullable=False, comment="the day"),
        sa.Column("month", sa.Date(), nullable=False, comment="first day of its month"),
        sa.Column("quarter", sa.Date(), nullable=False, comment="first day of its quarter"),
        sa.Column("year", sa.SmallInteger(), nullable=False, comment="calendar year"),
        sa.Column("week", sa.Date(), nullable=False, comment="Monday of its week"),
        sa.Column("weekday", sa.SmallInteger(), nullable=False, comment="1 Monday to 7 Sunday"),
        sa.Column("is_trading_day", sa.Boolean(), nullable=False, comment="whether any line was invoiced on the day"),
        sa.CheckConstraint("weekday between 1 and 7", name=op.f("calendar_weekday_check")),
        sa.PrimaryKeyConstraint("date", name=op.f("calendar_pkey")),
        schema="warehouse",
        comment="Every day from the first line's month to the end of the newest line's month. One row per day.",
    )
    op.create_table(
        "country",
        sa.Column("country", sa.Text(), nullable=False, comment="the name as the lines have it"),
        sa.Column("name", sa.Text(), nullable=False, comment="English short name"),
        sa.Column(
            "iso2", sa.Text(), nullable=True, comment="ISO 3166-1 alpha-2; null where no single country is meant"
        ),
        sa.Column(
            "iso3", sa.Text(), nullable=True, comment="ISO 3166-1 alpha-3; null where no single country is meant"
        ),
        sa.Column("region", sa.Text(), nullable=False, comment="part of the world"),
        sa.PrimaryKeyConstraint("country", name=op.f("country_pkey")),
        schema="warehouse",
        comment="The countries that lines name. One row per name.",
    )
    op.create_table(
        "customer",
        sa.Column(
            "customer_id",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="the shop's number of the customer",
        ),
        sa.Column("country", sa.Text(), nullable=False, comment="country of the customer's newest line"),
        sa.Column("first_invoice_at", sa.DateTime(), nullable=False, comment="time of the first line of any kind"),
        sa.Column("last_invoice_at", sa.DateTime(), nullable=False, comment="time of the newest line of any kind"),
        sa.Column("first_month", sa.Date(), nullable=False, comment="month of the first line of any kind"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("customer_pkey")),
        schema="warehouse",
        comment="Who bought with a customer number; guests have none. One row per customer.",
    )
    op.create_table(
        "line",
        sa.Column(
            "line_id",
            sa.BigInteger(),
            nullable=False,
            comment="year and month, then the number of the line in its file, in ten digits",
        ),
        sa.Column(
            "customer_key",
            sa.BigInteger(),
            nullable=False,
            comment="the customer id, or a negative key made from the invoice for guests",
        ),
        sa.Column(
            "invoice_no",
            sa.Text(),
            nullable=False,
            comment="starts with C for a cancellation, with A for an adjustment",
        ),
        sa.Column("stock_code", sa.Text(), nullable=False, comment="article code as read"),
        sa.Column("description", sa.Text(), nullable=True, comment="trimmed; null where the line has none"),
        sa.Column("quantity", sa.Integer(), nullable=False, comment="pieces; negative for returns and write-offs"),
        sa.Column("invoice_at", sa.DateTime(), nullable=False, comment="local time of the invoice"),
        sa.Column("unit_price", sa.Numeric(), nullable=False, comment="pounds for one piece"),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="pounds, exactly quantity x unit_price"),
        sa.Column("customer_id", sa.Integer(), nullable=True, comment="null for guests"),
        sa.Column("country", sa.Text(), nullable=False, comment="as read; Unspecified where the line names none"),
        sa.Column("month", sa.Date(), nullable=False, comment="first day of the invoice's month"),
        sa.Column(
            "line_type", sa.Text(), nullable=False, comment="sale, cancellation, adjustment, write_off, free or fee"
        ),
        sa.Column(
            "is_product",
            sa.Boolean(),
            nullable=False,
            comment="false for postage, fees, vouchers, tests and corrections",
        ),
        sa.Column(
            "is_overlap",
            sa.Boolean(),
            nullable=False,
            comment="second copy of a line that the overlap of December 2010 repeats",
        ),
        sa.Column(
            "is_duplicate", sa.Boolean(), nullable=False, comment="further exact repeat of a line, beyond the overlap"
        ),
        sa.PrimaryKeyConstraint("customer_key", "line_id", name=op.f("line_pkey")),
        schema="warehouse",
        comment="Every transaction line, typed and classified. One row per line.",
    )
    op.create_index(op.f("line_month_idx"), "line", ["month"], unique=False, schema="warehouse")
    op.create_table(
        "month",
        sa.Column("month", sa.Date(), nullable=False, comment="first day of the month"),
        sa.Column("lines", sa.BigInteger(), nullable=False, comment="lines of the month"),
        sa.Column("amount", sa.Numeric(), nullable=False, comment="pounds over all lines of the month"),
        sa.Column(
            "content_hash",
            sa.Numeric(),
            nullable=False,
            comment="sum of the hashes of the month's rows, whatever their order",
        ),
        sa.Column("rules", sa.Text(), nullable=False, comment="hash of the rules that read and classified the lines"),
        sa.PrimaryKeyConstraint("month", name=op.f("month_pkey")),
        schema="warehouse",
        comment="What each month holds, to see whether a file changes it. One row per month.",
    )
    op.create_table(
        "product",
        sa.Column("stock_code", sa.Text(), nullable=False, comment="article code as read"),
        sa.Column(
            "product",
            sa.Text(),
            nullable=False,
            comment="its most frequent description on sold lines, blanks collapsed; else the code",
        ),
        sa.Column(
            "is_product",
            sa.Boolean(),
            nullable=False,
            comment="false for postage, fees, vouchers, tests and corrections",
        ),
        sa.PrimaryKeyConstraint("stock_code", name=op.f("product_pkey")),
        schema="warehouse",
        comment="What stands on invoices. One row per stock code.",
    )


def downgrade() -> None:
    op.drop_table("product", schema="warehouse")
    op.drop_table("month", schema="warehouse")
    op.drop_index(op.f("line_month_idx"), table_name="line", schema="warehouse")
    op.drop_table("line", schema="warehouse")
    op.drop_table("customer", schema="warehouse")
    op.drop_table("country", schema="warehouse")
    op.drop_table("calendar", schema="warehouse")
    op.drop_table("source", schema="landing")
    op.drop_table("reject", schema="landing")
    op.drop_table("line", schema="landing")
    op.execute("drop schema landing")
