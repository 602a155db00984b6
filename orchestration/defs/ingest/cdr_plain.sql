-- One row per record of the chunk, read in one pass as what nearly all CDRs are: OCPI of one version, whole, every leaf
-- in its usual form. is_plain says that it is one of those, and its row is then what cdr_rows.sql gives for it; any other
-- record is read again by the careful route (cdr_heads.sql and on). The JSON is parsed once and never kept as a struct.
-- Plain records go into their tables at once, all from the same rows: what is written and read again costs most.
with

read_once as (

    select
        records.place,
        records.record_id,
        records.file_seq,
        records.position,
        records.colons,
        records.has_problem,
        records.raw_text,
        try(from_json(
            records.raw_text,
            '{
                "country_code": "VARCHAR", "party_id": "VARCHAR", "id": "VARCHAR",
                "start_date_time": "JSON", "end_date_time": "JSON", "stop_date_time": "JSON",
                "session_id": "VARCHAR", "auth_id": "VARCHAR", "auth_method": "VARCHAR",
                "authorization_reference": "VARCHAR", "authorization_id": "VARCHAR", "remark": "VARCHAR", "invoice_reference_id": "VARCHAR",
                "cdr_token": {
                    "country_code": "VARCHAR", "party_id": "VARCHAR", "uid": "VARCHAR", "type": "VARCHAR",
                    "contract_id": "VARCHAR"
                },
                "cdr_location": {
                    "id": "VARCHAR", "name": "VARCHAR", "address": "VARCHAR", "city": "VARCHAR",
                    "postal_code": "VARCHAR", "state": "VARCHAR", "country": "VARCHAR",
                    "evse_uid": "VARCHAR", "evse_id": "VARCHAR", "connector_id": "VARCHAR",
                    "connector_standard": "VARCHAR", "connector_format": "VARCHAR", "connector_power_type": "VARCHAR",
                    "coordinates": {"latitude": "VARCHAR", "longitude": "VARCHAR"}
                },
                "location": {
                    "id": "VARCHAR", "type": "JSON", "name": "JSON", "address": "VARCHAR", "city": "VARCHAR",
                    "postal_code": "JSON", "country": "VARCHAR", "time_zone": "VARCHAR", "last_updated": "JSON",
                    "coordinates": {"latitude": "VARCHAR", "longitude": "VARCHAR"},
                    "evses": [{
                        "uid": "VARCHAR", "evse_id": "VARCHAR", "status": "JSON", "last_updated": "JSON",
                        "connectors": [{
                            "id": "VARCHAR", "standard": "VARCHAR", "power_type": "VARCHAR", "format": "JSON",
                            "voltage": "JSON", "amperage": "JSON", "tariff_id": "JSON", "last_updated": "JSON"
                        }]
                    }]
                },
                "meter_id": "VARCHAR", "currency": "VARCHAR", "tariffs": ["JSON"],
                "charging_periods": [{
                    "start_date_time": "JSON", "tariff_id": "VARCHAR",
                    "dimensions": [{"type": "VARCHAR", "volume": "JSON"}]
                }],
                "total_cost": {
                    "excl_vat": "JSON", "incl_vat": "JSON", "before_taxes": "JSON",
                    "taxes": [{"name": "VARCHAR", "account_number": "VARCHAR", "percentage": "JSON", "amount": "JSON"}]
                },
                "total_fixed_cost": {
                    "excl_vat": "JSON", "incl_vat": "DOUBLE", "before_taxes": "JSON",
                    "taxes": [{"name": "VARCHAR", "account_number": "VARCHAR", "percentage": "JSON", "amount": "JSON"}]
                },
                "total_energy_cost": {
                    "excl_vat": "JSON", "incl_vat": "DOUBLE", "before_taxes": "JSON",
                    "taxes": [{"name": "VARCHAR", "account_number": "VARCHAR", "percentage": "JSON", "amount": "JSON"}]
                },
                "total_time_cost": {
                    "excl_vat": "JSON", "incl_vat": "DOUBLE", "before_taxes": "JSON",
                    "taxes": [{"name": "VARCHAR", "account_number": "VARCHAR", "percentage": "JSON", "amount": "JSON"}]
                },
                "total_parking_cost": {
                    "excl_vat": "JSON", "incl_vat": "DOUBLE", "before_taxes": "JSON",
                    "taxes": [{"name": "VARCHAR", "account_number": "VARCHAR", "percentage": "JSON", "amount": "JSON"}]
                },
                "total_reservation_cost": {
                    "excl_vat": "JSON", "incl_vat": "DOUBLE", "before_taxes": "JSON",
                    "taxes": [{"name": "VARCHAR", "account_number": "VARCHAR", "percentage": "JSON", "amount": "JSON"}]
                },
                "total_energy": "JSON", "total_time": "JSON", "total_parking_time": "JSON",
                "credit": "JSON", "credit_reference_id": "VARCHAR", "home_charging_compensation": "JSON",
                "last_updated": "JSON",
                "signed_data": {
                    "encoding_method": "VARCHAR", "encoding_method_version": "VARCHAR", "public_key": "VARCHAR",
                    "url": "VARCHAR",
                    "signed_values": [{"nature": "VARCHAR", "plain_data": "VARCHAR", "signed_data": "VARCHAR"}]
                }
            }'
        )) as cdr
    -- Two halves for two threads: what Python holds is read by one.
    from (
        select * from ocpi_text_begin
        union all
        select * from ocpi_text_end
    ) as records
    where records.raw_text is not null

),

leaves as (

    select
        read_once.*,
        load.profile = 'price' as is_price,
        load.ocpi_version as declared_version,
        load.cpo_party as mapped_cpo_party,
        load.emsp_party as mapped_emsp_party,
        coalesce(nullif(cdr.location.time_zone, ''), load.time_zone) as record_time_zone,
        -- Told as cdr_heads.sql tells it, of records whose words are all of one version.
        case
            when cdr.stop_date_time is not null then '2.1.1'
            when cdr.total_cost.before_taxes is not null then '2.3.0'
            else '2.2.1'
        end as ocpi_version,
        cast(cdr.start_date_time as varchar) as start_leaf,
        cast(coalesce(cdr.end_date_time, cdr.stop_date_time) as varchar) as end_leaf,
        cast(cdr.last_updated as varchar) as updated_leaf,
        cast(cdr.total_energy as varchar) as energy_leaf,
        cast(cdr.total_time as varchar) as time_leaf,
        cast(cdr.total_parking_time as varchar) as parking_leaf,
        -- The bare number of 2.1.1 reads as an object of nulls.
        case
            when cdr.stop_date_time is not null then cast(json_extract(read_once.raw_text, '$.total_cost') as varchar)
            else ocpi_net(cdr.total_cost)
        end as net_leaf,
        cast(cdr.total_cost.incl_vat as varchar) as gross_leaf,
        ocpi_net(cdr.total_fixed_cost) as fixed_leaf,
        ocpi_net(cdr.total_energy_cost) as energy_cost_leaf,
        ocpi_net(cdr.total_time_cost) as time_cost_leaf,
        ocpi_net(cdr.total_parking_cost) as parking_cost_leaf,
        ocpi_net(cdr.total_reservation_cost) as reservation_cost_leaf,
        cast(cdr.credit as varchar) as credit_leaf,
        cast(cdr.home_charging_compensation as varchar) as home_leaf,
        coalesce(cdr.cdr_location.evse_uid, cdr.location.evses[1].uid) as evse_uid,
        coalesce(cdr.cdr_location.evse_id, cdr.location.evses[1].evse_id) as evse_id,
        coalesce(
            cdr.cdr_location.connector_power_type, cdr.location.evses[1].connectors[1].power_type
        ) as sent_power_type,
        nullif(cdr.country_code, '') || '/' || nullif(cdr.party_id, '') as sent_cpo_party,
        nullif(cdr.cdr_token.country_code, '') || '/' || nullif(cdr.cdr_token.party_id, '') as sent_emsp_party,
        list_transform(cdr.charging_periods, lambda period: {
            'start_leaf': cast(period.start_date_time as varchar),
            'tariff_id': nullif(period.tariff_id, ''),
            'types': list_transform(period.dimensions, lambda dimension: dimension.type),
            'volumes': list_transform(
                period.dimensions, lambda dimension: try_cast(cast(dimension.volume as varchar) as decimal(18, 8))
            ),
            'is_excess': list_bool_or(list_transform(
                period.dimensions, lambda dimension: ocpi_has_excess(cast(dimension.volume as varchar))
            ))
        }) as sent_periods
    from read_once
    cross join ocpi_load as load

),

typed as (

    select
        *,
        ocpi_version = '2.1.1' as is_v211,
        case when ocpi_version = '2.1.1' then ocpi_evse_party(evse_id) end as prefix_cpo_party,
        case when ocpi_version = '2.1.1' then ocpi_contract_party(cdr.auth_id) end as prefix_emsp_party,
        ocpi_plain_instant(start_leaf) as started_at,
        ocpi_plain_instant(end_leaf) as ended_at,
        ocpi_plain_instant(updated_leaf) as last_updated,
        try_cast(energy_leaf as decimal(18, 8)) as energy_kwh,
        try_cast(time_leaf as decimal(18, 8)) as total_time_hours,
        try_cast(parking_leaf as decimal(18, 8)) as total_parking_hours,
        try_cast(net_leaf as decimal(18, 8)) as claimed_excl_tax,
        try_cast(gross_leaf as decimal(18, 8)) as sent_gross,
        try_cast(fixed_leaf as decimal(18, 8)) as claimed_fixed_excl_tax,
        try_cast(energy_cost_leaf as decimal(18, 8)) as claimed_energy_excl_tax,
        try_cast(time_cost_leaf as decimal(18, 8)) as claimed_time_excl_tax,
        try_cast(parking_cost_leaf as decimal(18, 8)) as claimed_parking_excl_tax,
        try_cast(reservation_cost_leaf as decimal(18, 8)) as claimed_reservation_excl_tax,
        list_transform(sent_periods, lambda period: {
            'started_at': ocpi_plain_instant(period.start_leaf),
            'tariff_id': period.tariff_id,
            'energy_kwh': period.volumes[list_position(period.types, 'ENERGY')],
            'time_hours': period.volumes[list_position(period.types, 'TIME')],
            'parking_hours': period.volumes[list_position(period.types, 'PARKING_TIME')],
            'reservation_hours': period.volumes[list_position(period.types, 'RESERVATION_TIME')],
            'min_current': period.volumes[list_position(period.types, 'MIN_CURRENT')],
            'max_current': period.volumes[list_position(period.types, 'MAX_CURRENT')],
            'min_power': period.volumes[list_position(period.types, 'MIN_POWER')],
            'max_power': period.volumes[list_position(period.types, 'MAX_POWER')],
            -- No list at all is not plain: of it something has to be said.
            'dimensions': coalesce(len(period.types), -1),
            'largest': greatest(list_max(period.volumes), -list_min(period.volumes)),
            'is_excess': period.is_excess
        }) as periods
    from leaves

),

plain as materialized (

    select
        place,
        record_id,
        file_seq,
        position,
        if(
            is_price, 'position|' || lpad(cast(position as varchar), 10, '0'),
            lower(upper(coalesce(sent_cpo_party, prefix_cpo_party, mapped_cpo_party))) || '|' || lower(cdr.id)
        ) as cdr_key,
        if(is_price, 'OWN/CPO', coalesce(upper(sent_cpo_party), prefix_cpo_party, mapped_cpo_party)) as cpo_party,
        if(is_price, 'PTN/MSP', coalesce(upper(sent_emsp_party), prefix_emsp_party, mapped_emsp_party)) as emsp_party,
        case
            when is_price or (sent_cpo_party is not null and sent_emsp_party is not null) then 'record'
            when
                coalesce(sent_cpo_party, prefix_cpo_party) is null and mapped_cpo_party is not null
                or coalesce(sent_emsp_party, prefix_emsp_party) is null and mapped_emsp_party is not null
                then 'mapping'
            when prefix_cpo_party is not null or prefix_emsp_party is not null then 'prefix'
            else 'record'
        end as party_source,
        cdr.id as cdr_id,
        ocpi_version,
        started_at,
        ended_at,
        nullif(cdr.session_id, '') as session_id,
        nullif(coalesce(cdr.authorization_reference, if(is_v211, cdr.authorization_id, null)), '')
            as authorization_reference,
        nullif(cdr.auth_method, '') as auth_method,
        coalesce(cdr.cdr_token.uid, cdr.auth_id) as token_uid,
        nullif(cdr.cdr_token.type, '') as token_type,
        nullif(coalesce(cdr.cdr_token.contract_id, cdr.auth_id), '') as contract_id,
        coalesce(cdr.cdr_location.id, cdr.location.id) as location_id,
        nullif(evse_uid, '') as evse_uid,
        nullif(evse_id, '') as evse_id,
        nullif(coalesce(cdr.cdr_location.connector_id, cdr.location.evses[1].connectors[1].id), '') as connector_id,
        nullif(coalesce(cdr.cdr_location.country, cdr.location.country), '') as location_country,
        nullif(
            coalesce(cdr.cdr_location.connector_standard, cdr.location.evses[1].connectors[1].standard), ''
        ) as sent_standard,
        nullif(sent_power_type, '') as sent_power_type,
        nullif(coalesce(cdr.cdr_location.address, cdr.location.address), '') as sent_address,
        nullif(coalesce(cdr.cdr_location.city, cdr.location.city), '') as sent_city,
        try_cast(coalesce(cdr.cdr_location.coordinates.latitude, cdr.location.coordinates.latitude) as decimal(10, 7))
            as sent_latitude,
        try_cast(coalesce(cdr.cdr_location.coordinates.longitude, cdr.location.coordinates.longitude) as decimal(10, 7))
            as sent_longitude,
        record_time_zone,
        nullif(cdr.meter_id, '') as meter_id,
        upper(cdr.currency) as currency,
        energy_kwh,
        total_time_hours,
        total_parking_hours,
        claimed_excl_tax,
        case
            when sent_gross is not null then sent_gross
            when len(cdr.total_cost.taxes) = 0 then claimed_excl_tax
            when cdr.total_cost.taxes is not null
                then try_cast(
                    claimed_excl_tax + list_sum(list_transform(
                        cdr.total_cost.taxes, lambda tax: ocpi_number(cast(tax.amount as varchar))
                    )) as decimal(18, 8)
                )
        end as claimed_incl_tax,
        claimed_fixed_excl_tax,
        claimed_energy_excl_tax,
        claimed_time_excl_tax,
        claimed_parking_excl_tax,
        claimed_reservation_excl_tax,
        coalesce(credit_leaf = 'true', false) as is_credit,
        nullif(cdr.credit_reference_id, '') as credit_reference_id,
        home_leaf = 'true' as is_home_charging,
        nullif(cdr.invoice_reference_id, '') as invoice_reference_id,
        nullif(cdr.remark, '') as remark,
        last_updated,
        'utc' as time_form,
        case
            when
                is_price
                or (is_v211 and cdr.auth_method <> '')
                or (
                    cdr.cdr_token.type <> '' and cdr.cdr_token.contract_id <> '' and cdr.auth_method <> ''
                    and cdr.cdr_location.address <> '' and cdr.cdr_location.city <> ''
                    and cdr.cdr_location.coordinates.latitude <> '' and cdr.cdr_location.coordinates.longitude <> ''
                    and cdr.cdr_location.country <> '' and cdr.cdr_location.evse_uid <> ''
                    and cdr.cdr_location.evse_id <> '' and cdr.cdr_location.connector_id <> ''
                )
                then null
            when is_v211 then 'auth_method'
            else concat_ws(
                ',',
                case when nullif(cdr.cdr_token.type, '') is null then 'cdr_token.type' end,
                case when nullif(cdr.cdr_token.contract_id, '') is null then 'cdr_token.contract_id' end,
                case when nullif(cdr.auth_method, '') is null then 'auth_method' end,
                case when nullif(cdr.cdr_location.address, '') is null then 'cdr_location.address' end,
                case when nullif(cdr.cdr_location.city, '') is null then 'cdr_location.city' end,
                case
                    when
                        nullif(cdr.cdr_location.coordinates.latitude, '') is null
                        or nullif(cdr.cdr_location.coordinates.longitude, '') is null
                        then 'cdr_location.coordinates'
                end,
                case when nullif(cdr.cdr_location.country, '') is null then 'cdr_location.country' end,
                case when nullif(cdr.cdr_location.evse_uid, '') is null then 'cdr_location.evse_uid' end,
                case when nullif(cdr.cdr_location.evse_id, '') is null then 'cdr_location.evse_id' end,
                case when nullif(cdr.cdr_location.connector_id, '') is null then 'cdr_location.connector_id' end
            )
        end as missing_fields,
        nullif(
            concat_ws(
                ',',
                case when ocpi_has_excess(energy_leaf) then 'total_energy' end,
                case when ocpi_has_excess(time_leaf) then 'total_time' end,
                case when ocpi_has_excess(parking_leaf) then 'total_parking_time' end,
                case when ocpi_has_excess(net_leaf) then 'total_cost' end,
                case when ocpi_has_excess(gross_leaf) then 'total_cost.incl_vat' end,
                case when ocpi_has_excess(fixed_leaf) then 'total_fixed_cost' end,
                case when ocpi_has_excess(energy_cost_leaf) then 'total_energy_cost' end,
                case when ocpi_has_excess(time_cost_leaf) then 'total_time_cost' end,
                case when ocpi_has_excess(parking_cost_leaf) then 'total_parking_cost' end,
                case when ocpi_has_excess(reservation_cost_leaf) then 'total_reservation_cost' end,
                case when list_bool_or(list_transform(periods, lambda period: period.is_excess)) then 'charging_periods.volume' end
            ),
            ''
        ) as excess_precision,
        periods,
        cdr.tariffs as tariffs,
        not is_price and (cdr.signed_data is not null or ocpi_version = '2.3.0') as has_details,
        -- One for each key that is read and two for each stamp: a text that has more has a key that nobody reads, or one twice.
        6 + ocpi_there(cdr.country_code) + ocpi_there(cdr.party_id) + ocpi_there(cdr.id) + ocpi_there(cdr.start_date_time)
        + ocpi_there(cdr.end_date_time) + ocpi_there(cdr.stop_date_time) + ocpi_there(cdr.auth_id)
        + ocpi_there(cdr.authorization_id) + ocpi_there(cdr.session_id) + ocpi_there(cdr.cdr_token)
        + ocpi_there(cdr.auth_method) + ocpi_there(cdr.authorization_reference) + ocpi_there(cdr.cdr_location)
        + ocpi_there(cdr.meter_id) + ocpi_there(cdr.currency) + ocpi_there(cdr.tariffs)
        + ocpi_there(cdr.charging_periods) + ocpi_there(cdr.total_cost) + ocpi_there(cdr.total_fixed_cost)
        + ocpi_there(cdr.total_energy) + ocpi_there(cdr.total_energy_cost) + ocpi_there(cdr.total_time)
        + ocpi_there(cdr.total_time_cost) + ocpi_there(cdr.total_parking_time) + ocpi_there(cdr.total_parking_cost)
        + ocpi_there(cdr.total_reservation_cost) + ocpi_there(cdr.remark) + ocpi_there(cdr.invoice_reference_id)
        + ocpi_there(cdr.credit) + ocpi_there(cdr.credit_reference_id) + ocpi_there(cdr.home_charging_compensation)
        + ocpi_there(cdr.last_updated) + ocpi_there(cdr.cdr_token.country_code) + ocpi_there(cdr.cdr_token.party_id)
        + ocpi_there(cdr.cdr_token.uid) + ocpi_there(cdr.cdr_token.type) + ocpi_there(cdr.cdr_token.contract_id)
        + ocpi_there(cdr.cdr_location.id) + ocpi_there(cdr.cdr_location.name) + ocpi_there(cdr.cdr_location.address)
        + ocpi_there(cdr.cdr_location.city) + ocpi_there(cdr.cdr_location.postal_code)
        + ocpi_there(cdr.cdr_location.state) + ocpi_there(cdr.cdr_location.country)
        + ocpi_there(cdr.cdr_location.evse_uid) + ocpi_there(cdr.cdr_location.evse_id)
        + ocpi_there(cdr.cdr_location.connector_id) + ocpi_there(cdr.cdr_location.connector_standard)
        + ocpi_there(cdr.cdr_location.connector_format) + ocpi_there(cdr.cdr_location.connector_power_type)
        + ocpi_there(cdr.cdr_location.coordinates) + ocpi_there(cdr.cdr_location.coordinates.latitude)
        + ocpi_there(cdr.cdr_location.coordinates.longitude) + ocpi_there(cdr.total_cost.excl_vat)
        + ocpi_there(cdr.total_cost.incl_vat) + ocpi_there(cdr.total_fixed_cost.excl_vat)
        + ocpi_there(cdr.total_fixed_cost.incl_vat) + ocpi_there(cdr.total_energy_cost.excl_vat)
        + ocpi_there(cdr.total_energy_cost.incl_vat) + ocpi_there(cdr.total_time_cost.excl_vat)
        + ocpi_there(cdr.total_time_cost.incl_vat) + ocpi_there(cdr.total_parking_cost.excl_vat)
        + ocpi_there(cdr.total_parking_cost.incl_vat) + ocpi_there(cdr.total_reservation_cost.excl_vat)
        + ocpi_there(cdr.total_reservation_cost.incl_vat)
        + case
            when ocpi_version = '2.3.0'
                then
                    ocpi_tax_keys(cdr.total_cost) + ocpi_tax_keys(cdr.total_fixed_cost)
                    + ocpi_tax_keys(cdr.total_energy_cost) + ocpi_tax_keys(cdr.total_time_cost)
                    + ocpi_tax_keys(cdr.total_parking_cost) + ocpi_tax_keys(cdr.total_reservation_cost)
            else 0
        end
        + case when cdr.location is null then 0 else ocpi_location_keys(cdr.location) end
        + case when cdr.signed_data is null then 0 else ocpi_signed_keys(cdr.signed_data) end
        + coalesce(list_sum(list_transform(
            cdr.charging_periods,
            lambda period: ocpi_there(period.start_date_time) + ocpi_there(period.tariff_id)
            + ocpi_there(period.dimensions) + 2 * coalesce(len(period.dimensions), 0) + 2
        )), 0)
        + coalesce(list_sum(list_transform(cdr.tariffs, lambda tariff: ocpi_colons(cast(tariff as varchar)))), 0) <> colons as has_more_keys,
        coalesce(
            cdr.id <> '' and cdr.currency <> ''
            -- No other version's words.
            and coalesce(declared_version = ocpi_version, true)
            and case
                when is_v211
                    then cdr.auth_id <> '' and cdr.location.id <> ''
                    and cdr.end_date_time is null and cdr.cdr_token is null and cdr.cdr_location is null
                    and cdr.total_cost.excl_vat is null and cdr.total_cost.before_taxes is null
                    and cdr.total_cost.incl_vat is null and cdr.total_cost.taxes is null
                    and cdr.total_fixed_cost is null and cdr.total_energy_cost is null and cdr.total_time_cost is null
                    and cdr.total_parking_cost is null and cdr.total_reservation_cost is null
                else
                    cdr.country_code <> '' and cdr.party_id <> ''
                    and cdr.cdr_token.country_code <> '' and cdr.cdr_token.party_id <> '' and cdr.cdr_token.uid <> ''
                    and cdr.cdr_location.id <> '' and cdr.auth_id is null and cdr.location is null
            end
            and case
                when ocpi_version = '2.3.0'
                    then gross_leaf is null
                    and cdr.total_cost.excl_vat is null and cdr.total_fixed_cost.excl_vat is null
                    and cdr.total_energy_cost.excl_vat is null and cdr.total_time_cost.excl_vat is null
                    and cdr.total_parking_cost.excl_vat is null and cdr.total_reservation_cost.excl_vat is null
                    and ocpi_has_plain_taxes(cdr.total_cost) and ocpi_has_plain_taxes(cdr.total_fixed_cost)
                    and ocpi_has_plain_taxes(cdr.total_energy_cost) and ocpi_has_plain_taxes(cdr.total_time_cost)
                    and ocpi_has_plain_taxes(cdr.total_parking_cost) and ocpi_has_plain_taxes(cdr.total_reservation_cost)
                else
                    cdr.total_cost.taxes is null
                    and cdr.total_fixed_cost.before_taxes is null and cdr.total_energy_cost.before_taxes is null
                    and cdr.total_time_cost.before_taxes is null and cdr.total_parking_cost.before_taxes is null
                    and cdr.total_reservation_cost.before_taxes is null
                    and cdr.total_fixed_cost.taxes is null and cdr.total_energy_cost.taxes is null
                    and cdr.total_time_cost.taxes is null and cdr.total_parking_cost.taxes is null
                    and cdr.total_reservation_cost.taxes is null
                    and (
                        is_v211 or not coalesce(contains(cast(cdr.tariffs[1] as varchar), '"tax_included"'), false)
                    )
            end
            and case
                when has_problem = 1 or cdr.id is null then false
                when cdr.tariffs is null then coalesce(json_type(raw_text, '$.tariffs'), 'NULL') = 'NULL'
                when len(cdr.tariffs) > 1 and ocpi_version = '2.2.1'
                    then not regexp_matches(raw_text, '"(tax_included|before_taxes|after_taxes|taxes)"')
                else true
            end
            -- Every leaf is one of its kind, and every number one that a double holds.
            and started_at is not null and ended_at is not null and last_updated is not null
            and ocpi_is_plain_number(energy_leaf, energy_kwh) and ocpi_is_plain_number(time_leaf, total_time_hours)
            and ocpi_is_plain_number(net_leaf, claimed_excl_tax)
            and (parking_leaf is null or ocpi_is_plain_number(parking_leaf, total_parking_hours))
            and (gross_leaf is null or ocpi_is_plain_number(gross_leaf, sent_gross))
            and (cdr.total_fixed_cost is null or ocpi_is_plain_number(fixed_leaf, claimed_fixed_excl_tax))
            and (cdr.total_energy_cost is null or ocpi_is_plain_number(energy_cost_leaf, claimed_energy_excl_tax))
            and (cdr.total_time_cost is null or ocpi_is_plain_number(time_cost_leaf, claimed_time_excl_tax))
            and (cdr.total_parking_cost is null or ocpi_is_plain_number(parking_cost_leaf, claimed_parking_excl_tax))
            and (
                cdr.total_reservation_cost is null
                or ocpi_is_plain_number(reservation_cost_leaf, claimed_reservation_excl_tax)
            )
            and coalesce(credit_leaf in ('true', 'false'), true) and coalesce(home_leaf in ('true', 'false'), true)
            and cdr.charging_periods is not null
            and coalesce(list_bool_and(list_transform(
                periods,
                lambda period: period.started_at is not null
                and (
                    not is_v211
                    or (period.reservation_hours is null and period.min_power is null and period.max_power is null)
                )
                and (
                    period.dimensions = 0
                    or (
                        (
                            (period.energy_kwh is not null)::integer + (period.time_hours is not null)::integer
                            + (period.parking_hours is not null)::integer + (period.reservation_hours is not null)::integer
                            + (period.min_current is not null)::integer + (period.max_current is not null)::integer
                            + (period.min_power is not null)::integer + (period.max_power is not null)::integer
                        ) = period.dimensions
                        and period.largest < 1000000
                    )
                )
            )), true)
            -- Words that are known, texts that have room.
            and (is_price or (
                coalesce(cdr.auth_method in ('AUTH_REQUEST', 'COMMAND', 'WHITELIST', ''), true)
                and coalesce(cdr.cdr_token.type in ('AD_HOC_USER', 'APP_USER', 'EMAID', 'OTHER', 'RFID', ''), true)
                and coalesce(
                    sent_power_type in ('AC_1_PHASE', 'AC_2_PHASE', 'AC_2_PHASE_SPLIT', 'AC_3_PHASE', 'DC', ''), true
                )
                and coalesce(length(cdr.country_code) <= 2, true) and coalesce(length(cdr.party_id) <= 3, true)
                and coalesce(length(cdr.cdr_token.country_code) <= 2, true)
                and coalesce(length(cdr.cdr_token.party_id) <= 3, true)
                and coalesce(length(cdr.cdr_token.uid) <= 36, true) and coalesce(length(cdr.cdr_location.id) <= 36, true)
                and coalesce(length(cdr.location.country) <= 3, true)
                and coalesce(length(cdr.session_id) <= 36, true)
                and coalesce(length(cdr.authorization_reference) <= 36, true)
                and coalesce(length(cdr.cdr_token.contract_id) <= 36, true)
                and coalesce(length(cdr.cdr_location.country) <= 3, true)
                and coalesce(length(cdr.cdr_location.evse_uid) <= 36, true)
                and coalesce(length(cdr.cdr_location.evse_id) <= 48, true)
                and coalesce(length(cdr.cdr_location.connector_id) <= 36, true)
            ))
            and not ocpi_is_shape(cdr.id) and not ocpi_is_shape(cdr.country_code) and not ocpi_is_shape(cdr.party_id)
            and not ocpi_is_shape(cdr.currency) and not ocpi_is_shape(cdr.session_id)
            and not ocpi_is_shape(cdr.credit_reference_id),
            false
        ) as is_plain
    from typed

),

kept_records as (

    insert into ingest.raw_records by name
    select
        record_id,
        file_seq,
        position,
        record_sha256,
        raw_text,
        true as is_typed
    from (
        select * from ocpi_text_begin
        union all
        select * from ocpi_text_end
    )
    where raw_text is not null and place in (select place from plain where is_plain)

),

kept_cdrs as (

    insert into ingest.raw_cdrs by name
    select * exclude (place, periods, tariffs, has_details, has_more_keys, is_plain)
    from plain
    where is_plain

),

kept_periods as (

    insert into ingest.raw_charging_periods by name
    select
        record_id,
        period_no,
        period.* exclude (dimensions, largest, is_excess)
    from (
        select
            record_id,
            unnest(range(1, len(periods) + 1)) as period_no,
            unnest(periods) as period
        from plain
        where is_plain
    )

)

select
    place,
    record_id,
    ocpi_version,
    tariffs,
    has_details,
    has_more_keys,
    is_plain
from plain
