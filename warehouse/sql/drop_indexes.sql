-- An empty table is filled faster without its indexes, and as a new table, so that the server need not log each row.
truncate warehouse.line;
alter table warehouse.line drop constraint line_pkey;
drop index warehouse.line_month_idx;
drop index warehouse.line_customer_id_idx;
drop index warehouse.line_stock_code_month_idx;
drop index warehouse.line_invoice_no_idx;
