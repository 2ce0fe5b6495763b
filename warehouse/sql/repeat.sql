-- Lines that stand more than once, and which kind of repetition each copy is.
--
-- shop.yml says which days the source holds twice. An invoice of those days stands there twice when each of its lines
-- stands an even number of times: the second half of the copies of a line is the overlap. Any further copy of any line
-- is a duplicate. Equal lines are told by their hash of 64 bits.
-- Two cores sort faster than one hashes. In a table of their own, two cores look for the copies together.
set local enable_hashagg = off;

create unlogged table landing.repeated as
select hash
from landing.fingerprint
where day = any(%(days)s)
group by hash
having count(*) > 1;

set local enable_hashagg = on;

analyze landing.repeated;

create temporary table repeat on commit drop as
with

copies as (

    select
        fingerprint.line_number,
        fingerprint.month,
        fingerprint.hash,
        row_number() over (partition by fingerprint.hash order by fingerprint.line_number) as copy,
        count(*) over (partition by fingerprint.hash) as copies
    from landing.fingerprint
    inner join landing.repeated on fingerprint.hash = repeated.hash

),

overlap_lines as (

    select
        invoice_no,
        hash,
        count(*) as copies
    from landing.fingerprint
    where
        day = any(%(days)s)
        and {is_in_overlap}
    group by invoice_no, hash

),

overlapped as (

    select invoice_no
    from overlap_lines
    group by invoice_no
    having bool_and(mod(copies, 2) = 0)

),

overlapped_hashes as (

    select overlap_lines.hash
    from overlap_lines
    inner join overlapped on overlap_lines.invoice_no = overlapped.invoice_no

)

select
    copies.line_number,
    overlapped_hashes.hash is not null and copies.copy > copies.copies / 2 as is_overlap
from copies
left join overlapped_hashes on copies.hash = overlapped_hashes.hash
where copies.copy > 1
