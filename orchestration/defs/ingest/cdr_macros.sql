-- How one JSON leaf of a CDR is read. A leaf is its JSON text: 12.5, "2026-01-31T12:00:00Z", true.
-- A number with more digits than a double keeps comes as text behind a mark (U+E000), see cdr_rows.py.

create or replace temp macro ocpi_digits(leaf) as
    case when starts_with(leaf, '"' || chr(57344)) then substr(leaf, 3, length(leaf) - 3) else leaf end;

-- Exact, rounded half-up to 8 places; null when it is not a JSON number or has more than 10 digits before the point.
create or replace temp macro ocpi_number(leaf) as try_cast(ocpi_digits(leaf) as decimal(18, 8));

-- A number in quotes. Its digits leave no doubt, though OCPI wants them bare.
create or replace temp macro ocpi_quoted_number(leaf) as
    case when regexp_full_match(leaf, '"-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?"') then ocpi_number(trim(leaf, '"')) end;

create or replace temp macro ocpi_is_instant(leaf) as
    regexp_full_match(
        leaf,
        '"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"'
    );

-- The form in which nearly every stamp comes; all else is looked at more closely.
create or replace temp macro ocpi_is_plain_instant(leaf) as leaf like '"____-__-__T__:__:__Z"';

create or replace temp macro ocpi_zone_form(leaf) as
    case
        when leaf is null then null
        when ocpi_is_plain_instant(leaf) then 'utc'
        when ends_with(leaf, 'Z"') or ends_with(leaf, 'z"') then 'utc'
        when regexp_matches(leaf, '[+-][0-9]{2}:?[0-9]{2}"$') then 'offset'
        else 'none'
    end;

create or replace temp macro ocpi_instant(leaf) as
    case
        when leaf is null then null
        when ocpi_is_plain_instant(leaf) then try_cast(substr(leaf, 2, 20) as timestamptz)
        -- The specification itself writes the unknown time so.
        when leaf = '"1970-1-1T00:00:00Z"' then timestamptz '1970-01-01 00:00:00+00'
        when not ocpi_is_instant(leaf) then null
        when ocpi_zone_form(leaf) = 'none' then try_cast(substr(leaf, 2, length(leaf) - 2) || 'Z' as timestamptz)
        when ocpi_zone_form(leaf) = 'utc' then try_cast(upper(substr(leaf, 2, length(leaf) - 2)) as timestamptz)
        else try_cast(
            regexp_replace(substr(leaf, 2, length(leaf) - 2), '([+-][0-9]{2}):?([0-9]{2})$', '\1:\2') as timestamptz
        )
    end;

-- A stamp as a number, which OCPI does not know: of 12 or 13 digits milliseconds since 1970, of fewer seconds.
create or replace temp macro ocpi_is_epoch(leaf) as
    coalesce(regexp_full_match(leaf, '"?[0-9]{9,13}([.][0-9]+)?"?'), false);

create or replace temp macro ocpi_epoch(leaf) as
    case
        when not ocpi_is_epoch(leaf) then null
        when length(split_part(trim(leaf, '"'), '.', 1)) >= 12
            then make_timestamptz(cast(split_part(trim(leaf, '"'), '.', 1) as bigint) * 1000)
        else make_timestamptz(cast(split_part(trim(leaf, '"'), '.', 1) as bigint) * 1000000)
    end;

-- How a stamp is written. The names' alphabetical order is from worst to best.
create or replace temp macro ocpi_time_form(leaf) as
    case
        when ocpi_is_plain_instant(leaf) then 'utc'
        when ocpi_is_epoch(leaf) then 'epoch'
        else ocpi_zone_form(leaf)
    end;

create or replace temp macro ocpi_boolean(leaf) as case leaf when 'true' then true when 'false' then false end;

-- A value as it may stand in a sentence.
create or replace temp macro ocpi_shown(leaf) as
    case when length(leaf) > 60 then left(leaf, 57) || '...' else replace(leaf, chr(57344), '') end;

create or replace temp macro ocpi_number_problem(name, leaf) as
    case
        when leaf is null or ocpi_number(leaf) is not null then null
        when regexp_full_match(leaf, '"-?[0-9. ]*,[0-9., ]*"')
            then name || ' is ' || ocpi_shown(leaf) || ', expected a number without a decimal comma'
        when regexp_full_match(ocpi_digits(leaf), '-?[0-9.]+([eE][+-]?[0-9]+)?')
            then name || ' is ' || ocpi_shown(leaf) || ', expected a number below 10000000000'
        else name || ' is ' || ocpi_shown(leaf) || ', expected a number'
    end;

-- OCPI asks for 4 decimals; more of them, or the residue of a binary float, is worth a warning.
create or replace temp macro ocpi_has_excess(leaf) as
    length(leaf) - strpos(leaf, '.') > 4 and contains(leaf, '.') or contains(leaf, 'e-');
create or replace temp macro ocpi_is_excess(leaf, number) as number is not null and ocpi_has_excess(leaf);

-- A number whose 8 decimals a double does not hold: its record is read again with the digits as sent.
create or replace temp macro ocpi_is_long(leaf) as coalesce(strpos(leaf, '.') > 8, false);

-- NL/EMO from NL-EMO-C123, NL*EMO*C123 or NLEMOC12345678 (with or without check digit).
create or replace temp macro ocpi_contract_party(id) as
    case
        when regexp_matches(id, '^[A-Za-z]{2}[-*][A-Za-z0-9]{3}[-*]') then upper(left(id, 2) || '/' || substr(id, 4, 3))
        when regexp_full_match(id, '[A-Za-z]{2}[A-Za-z0-9]{3}[Cc][A-Za-z0-9]{8,9}')
            then upper(left(id, 2) || '/' || substr(id, 3, 3))
    end;

-- DE/ABC from DE*ABC*E123, DE-ABC-E123 or DEABCE123.
create or replace temp macro ocpi_evse_party(id) as
    case
        when regexp_matches(id, '^[A-Za-z]{2}[-*][A-Za-z0-9]{3}[-*]') then upper(left(id, 2) || '/' || substr(id, 4, 3))
        when regexp_matches(id, '^[A-Za-z]{2}[A-Za-z0-9]{3}[Ee][A-Za-z0-9]')
            then upper(left(id, 2) || '/' || substr(id, 3, 3))
    end;

-- The amount without tax of a cost of 2.2.1 or 2.3.0.
create or replace temp macro ocpi_net(price) as cast(coalesce(price.excl_vat, price.before_taxes) as varchar);

-- A text that its field has no room for, or a word that it does not know. Capitals do not count.
create or replace temp macro ocpi_is_longer(value, limit_length) as coalesce(length(value) > limit_length, false);
create or replace temp macro ocpi_is_none_of(value, words) as
    coalesce(value <> '' and not list_contains(words, upper(value)), false);

-- An object or a list where a text should stand.
create or replace temp macro ocpi_is_shape(value) as coalesce(starts_with(value, '{') or starts_with(value, '['), false);

-- What the plain route asks of a leaf: a stamp and a number in the form in which nearly all come.
create or replace temp macro ocpi_plain_instant(leaf) as
    case when ocpi_is_plain_instant(leaf) then try_cast(substr(leaf, 2, 20) as timestamptz) end;
create or replace temp macro ocpi_is_plain_number(leaf, number) as number is not null and strpos(leaf, '.') <= 7;

-- One for each field that is there; every key of a JSON text has a colon, and so may have its values.
create or replace temp macro ocpi_there(value) as cast(value is not null as integer);
create or replace temp macro ocpi_colons(value) as length(value) - length(replace(value, ':', ''));
create or replace temp macro ocpi_tax_keys(price) as
    ocpi_there(price.before_taxes) + ocpi_there(price.taxes)
    + coalesce(list_sum(list_transform(
        price.taxes,
        lambda tax: ocpi_there(tax.name) + ocpi_there(tax.account_number) + ocpi_there(tax.percentage)
        + ocpi_there(tax.amount)
    )), 0);
create or replace temp macro ocpi_connector_keys(connector) as
    ocpi_there(connector.id) + ocpi_there(connector.standard) + ocpi_there(connector.power_type)
    + ocpi_there(connector.format) + ocpi_there(connector.voltage) + ocpi_there(connector.amperage)
    + ocpi_there(connector.tariff_id) + 3 * ocpi_there(connector.last_updated);
create or replace temp macro ocpi_evse_keys(evse) as
    ocpi_there(evse.uid) + ocpi_there(evse.evse_id) + ocpi_there(evse.status) + ocpi_there(evse.connectors)
    + 3 * ocpi_there(evse.last_updated)
    + coalesce(list_sum(list_transform(evse.connectors, lambda connector: ocpi_connector_keys(connector))), 0);
create or replace temp macro ocpi_location_keys(place) as
    1 + ocpi_there(place.id) + ocpi_there(place.type) + ocpi_there(place.name) + ocpi_there(place.address)
    + ocpi_there(place.city) + ocpi_there(place.postal_code) + ocpi_there(place.country) + ocpi_there(place.time_zone)
    + 3 * ocpi_there(place.last_updated) + ocpi_there(place.coordinates) + ocpi_there(place.coordinates.latitude)
    + ocpi_there(place.coordinates.longitude) + ocpi_there(place.evses)
    + coalesce(list_sum(list_transform(place.evses, lambda evse: ocpi_evse_keys(evse))), 0);
create or replace temp macro ocpi_signed_keys(signed) as
    1 + ocpi_there(signed.encoding_method) + ocpi_there(signed.encoding_method_version)
    + ocpi_there(signed.public_key) + ocpi_there(signed.url) + coalesce(ocpi_colons(signed.url), 0)
    + ocpi_there(signed.signed_values)
    + coalesce(list_sum(list_transform(
        signed.signed_values,
        lambda signed_value: ocpi_there(signed_value.nature) + ocpi_there(signed_value.plain_data)
        + ocpi_there(signed_value.signed_data) + coalesce(ocpi_colons(signed_value.plain_data), 0)
        + coalesce(ocpi_colons(signed_value.signed_data), 0)
    )), 0);

-- Named taxes whose amounts, and percentages where they are there, are usual numbers.
create or replace temp macro ocpi_has_plain_taxes(price) as
    coalesce(list_bool_and(list_transform(
        price.taxes,
        lambda tax: coalesce(
            ocpi_is_plain_number(cast(tax.amount as varchar), ocpi_number(cast(tax.amount as varchar))), false
        )
        and (
            tax.percentage is null
            or coalesce(
                ocpi_is_plain_number(cast(tax.percentage as varchar), ocpi_number(cast(tax.percentage as varchar))), false
            )
        )
    )), true);
