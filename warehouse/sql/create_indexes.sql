alter table warehouse.line add constraint line_pkey primary key (customer_key, line_id);
create index line_month_idx on warehouse.line (month);
create index line_customer_id_idx on warehouse.line (customer_id);
create index line_stock_code_month_idx on warehouse.line (stock_code, month);
create index line_invoice_no_idx on warehouse.line (invoice_no);
