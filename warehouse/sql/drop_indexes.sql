-- An empty table is filled faster without its indexes.
alter table warehouse.line drop constraint line_pkey;
drop index warehouse.line_month_idx;
