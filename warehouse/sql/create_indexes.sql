alter table warehouse.line add constraint line_pkey primary key (customer_key, line_id);
create index line_month_idx on warehouse.line (month);
