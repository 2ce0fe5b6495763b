create temporary table returning_line on commit drop as select * from warehouse_before.line;
create temporary table returning_day on commit drop as select * from warehouse_before.day;
{take_days};
insert into warehouse.line select * from returning_line;
insert into warehouse.day select * from returning_day;
analyze warehouse.line
