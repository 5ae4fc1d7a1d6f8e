-- None of its own: no stamp.
select 1/0;
