--
-- PostgreSQL database dump
--

SET client_encoding = 'UTF8';

CREATE TABLE public.retail (
    invoice_no text,
    stock_code text,
    description text,
    quantity integer,
    invoice_date timestamp without time zone,
    unit_price real,
    customer_id real,
    country text
);

COPY public.retail (invoice_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country) FROM stdin;
500001	1001	TEA CUP 	10	2011-01-04 09:00:00	2.5	101	United Kingdom
500001	1002	 CAKE TIN	2	2011-01-04 09:00:00	12.25	101	United Kingdom
500002	1001	TEA CUP	4	2011-01-10 10:30:00	2.5	102	France
500003	1003	LANTERN	1	2011-01-17 11:00:00	30	\N	United Kingdom
500004	POST	POSTAGE	1	2011-01-20 12:00:00	18	102	France
C500005	1001	TEA CUP	-2	2011-01-11 09:15:00	2.5	102	France
500006	1002	CAKE TIN	20	2011-02-01 09:00:00	11.5	103	EIRE
500007	1003	LANTERN	3	2011-02-02 10:00:00	29.95	101	United Kingdom
500008	1004	NAPKINS	100	2011-02-03 15:45:00	0.85	104	Germany
500009	1004	\N	-5	2011-02-04 09:00:00	0	\N	United Kingdom
500010	1005	CANDLE	6	2011-02-15 16:00:00	4.25	105	United Kingdom
500010	1005	CANDLE	6	2011-02-15 16:00:00	4.25	105	United Kingdom
A500011	B	Adjust bad debt	1	2011-02-20 14:00:00	-50	\N	United Kingdom
500012	1001	TEA CUP	12	2011-03-01 09:00:00	2.55	101	United Kingdom
500013	1002	CAKE TIN	1	2011-03-02 09:30:00	12.25	106	Unspecified
500014	1006	GIFT BAG	50	2011-03-03 10:00:00	0.42	107	United Kingdom
C500015	1006	GIFT BAG	-50	2011-03-03 10:05:00	0.42	107	United Kingdom
500016	1003	LANTERN	2	2011-03-09 12:00:00	29.95	103	EIRE
\.

--
-- PostgreSQL database dump complete
--
