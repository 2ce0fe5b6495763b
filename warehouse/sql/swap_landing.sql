alter schema landing rename to landing_replaced;
alter schema landing_before rename to landing;
alter schema landing_replaced rename to landing_before
