-- A stock code begins with a letter or digit and goes on with these, blanks and the marks . _ / + -
select
    stock_code,
    product
from warehouse.product
where stock_code !~ '^[[:alnum:]][[:alnum:] ._/+-]*$'
