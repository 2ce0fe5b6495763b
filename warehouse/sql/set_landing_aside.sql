-- Landing as it stands moves aside whole, which takes no time however large it is, and empty tables like its own come
-- in its place.
do $$
declare
    moved record;
begin
    alter schema landing rename to landing_replaced;
    create schema landing;
    for moved in
        select relname as name, obj_description(oid, 'pg_class') as comment from pg_class
        where relnamespace = 'landing_replaced'::regnamespace and relkind = 'r'
    loop
        execute format('create table landing.%I (like landing_replaced.%1$I including all)', moved.name);
        execute format('comment on table landing.%I is %L', moved.name, moved.comment);
    end loop;
end
$$
