create temporary table returning_line on commit drop as select * from warehouse_before.line;
create temporary table returning_month on commit drop as select * from warehouse_before.month;
{take_months};
insert into warehouse.line select * from returning_line;
insert into warehouse.month select * from returning_month;
analyze warehouse.line
