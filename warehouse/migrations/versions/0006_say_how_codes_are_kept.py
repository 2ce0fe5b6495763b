"""Say of codes and countries that they are kept under one name, in the comments that analysts read."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CODE = "article code, in capitals and without outer blanks"
COUNTRY = "one name for each country, whatever the file calls it; Unspecified where the line names none"
CODE_BEFORE = "article code as read"
COUNTRY_BEFORE = "as read; Unspecified where the line names none"


def _comment(code: str, country: str) -> None:
    for schema in ("warehouse", "warehouse_before"):
        op.alter_column("line", "stock_code", comment=code, schema=schema)
        op.alter_column("line", "country", comment=country, schema=schema)
    op.alter_column("product", "stock_code", comment=code, schema="warehouse")


def upgrade() -> None:
    _comment(CODE, COUNTRY)


def downgrade() -> None:
    _comment(CODE_BEFORE, COUNTRY_BEFORE)
