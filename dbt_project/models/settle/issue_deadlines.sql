with

-- Counted from the last day that a document bills: a day of the next month, or a number of days. Half a year is taken
-- at its shortest. Between two member states of the EU its own rule holds from the day on which ViDA applies.
deadlines (country, valid_from, day_of_next_month, days_after, source) as (

    values
    ('AT', date '1900-01-01', null, 181, 'UStG 1994, section 11(1): six months'),
    ('BE', date '1900-01-01', 15, null, 'KB nr. 1, article 4'),
    ('DE', date '1900-01-01', null, 181, 'UStG, section 14(2): six months'),
    ('ES', date '1900-01-01', 15, null, 'RD 1619/2012, article 11'),
    ('GB', date '1900-01-01', null, 30, 'VAT Regulations 1995, regulation 13(5)'),
    ('NL', date '1900-01-01', 15, null, 'Wet OB 1968, article 34g'),
    ('EU', date '2030-07-01', null, 10, 'VAT Directive, articles 222 and 223, by ViDA')

)

select
    country,
    valid_from,
    lead(valid_from) over (partition by country order by valid_from) as valid_to,
    cast(day_of_next_month as integer) as day_of_next_month,
    cast(days_after as integer) as days_after,
    source
from deadlines
