-- Typed rows of the chunk's CDRs. Every leaf is cast by itself: one that cannot be is null, and its row is marked
-- in type_problems, where cdr_problems.py then writes which field it is.
with

leaves as (

    select
        heads.record_id,
        heads.file_seq,
        heads.position,
        heads.is_tariffs_odd,
        heads.version_conflict,
        heads.ocpi_version,
        heads.cdr,
        load.profile,
        load.cpo_party as mapped_cpo_party,
        load.emsp_party as mapped_emsp_party,
        load.time_zone as mapped_time_zone,
        heads.ocpi_version = '2.1.1' as is_v211,
        cast(heads.cdr.start_date_time as varchar) as start_leaf,
        cast(coalesce(heads.cdr.end_date_time, heads.cdr.stop_date_time) as varchar) as end_leaf,
        cast(heads.cdr.last_updated as varchar) as updated_leaf,
        cast(heads.cdr.total_energy as varchar) as energy_leaf,
        cast(heads.cdr.total_time as varchar) as time_leaf,
        cast(heads.cdr.total_parking_time as varchar) as parking_leaf,
        heads.cost_leaf,
        heads.cdr.total_cost as total_cost,
        cast(heads.cdr.total_cost.incl_vat as varchar) as gross_leaf,
        ocpi_net(heads.cdr.total_fixed_cost) as fixed_leaf,
        ocpi_net(heads.cdr.total_energy_cost) as energy_cost_leaf,
        ocpi_net(heads.cdr.total_time_cost) as time_cost_leaf,
        ocpi_net(heads.cdr.total_parking_cost) as parking_cost_leaf,
        ocpi_net(heads.cdr.total_reservation_cost) as reservation_cost_leaf,
        cast(heads.cdr.credit as varchar) as credit_leaf,
        cast(heads.cdr.home_charging_compensation as varchar) as home_leaf,
        coalesce(heads.cdr.cdr_location.evse_uid, heads.cdr.location.evses[1].uid) as evse_uid,
        coalesce(heads.cdr.cdr_location.evse_id, heads.cdr.location.evses[1].evse_id) as evse_id,
        coalesce(
            heads.cdr.cdr_location.connector_power_type, heads.cdr.location.evses[1].connectors[1].power_type
        ) as sent_power_type,
        upper(nullif(heads.cdr.country_code, '') || '/' || nullif(heads.cdr.party_id, '')) as sent_cpo_party,
        upper(nullif(heads.cdr.cdr_token.country_code, '') || '/' || nullif(heads.cdr.cdr_token.party_id, ''))
            as sent_emsp_party
    from ocpi_heads as heads
    cross join ocpi_load as load

),

costs as (

    select
        *,
        case when is_v211 and not starts_with(cost_leaf, '{') then cost_leaf else ocpi_net(total_cost) end as net_leaf,
        case when is_v211 then ocpi_evse_party(evse_id) end as prefix_cpo_party,
        case when is_v211 then ocpi_contract_party(coalesce(cdr.auth_id, cdr.cdr_token.contract_id)) end
            as prefix_emsp_party
    from leaves

),

parties as (

    select
        *,
        case when profile = 'price' then 'OWN/CPO' else coalesce(sent_cpo_party, prefix_cpo_party, mapped_cpo_party) end
            as cpo_party,
        case
            when profile = 'price' then 'PTN/MSP'
            else coalesce(sent_emsp_party, prefix_emsp_party, mapped_emsp_party)
        end as emsp_party,
        case
            when profile = 'price' then 'record'
            when sent_cpo_party is not null and sent_emsp_party is not null then 'record'
            when
                coalesce(sent_cpo_party, prefix_cpo_party) is null and mapped_cpo_party is not null
                or coalesce(sent_emsp_party, prefix_emsp_party) is null and mapped_emsp_party is not null
                then 'mapping'
            when prefix_cpo_party is not null or prefix_emsp_party is not null then 'prefix'
            else 'record'
        end as party_source
    from costs

),

period_sums as (

    select
        record_id,
        string_agg(missing, ',' order by period_no) as missing,
        bool_or(is_odd) as is_odd,
        bool_or(is_excess) as is_excess,
        -- In order of the alphabet: epoch, none, offset, utc.
        min(zone_form) as zone_form
    from ocpi_periods
    where missing is not null or is_odd or is_excess or zone_form <> 'utc'
    group by record_id

),

typed as (

    select
        parties.*,
        profile = 'price' as is_price,
        not is_v211 and profile <> 'price' as is_full,
        -- A numeric stamp is read as well as it can be, for a rule to say so; no price is made of it.
        coalesce(ocpi_instant(start_leaf), if(profile = 'price', null, ocpi_epoch(start_leaf))) as started_at,
        coalesce(ocpi_instant(end_leaf), if(profile = 'price', null, ocpi_epoch(end_leaf))) as ended_at,
        coalesce(ocpi_instant(updated_leaf), if(profile = 'price', null, ocpi_epoch(updated_leaf))) as last_updated,
        ocpi_number(energy_leaf) as energy_kwh,
        ocpi_number(time_leaf) as total_time_hours,
        ocpi_number(parking_leaf) as total_parking_hours,
        ocpi_number(net_leaf) as claimed_excl_tax,
        ocpi_number(gross_leaf) as sent_gross,
        ocpi_number(fixed_leaf) as claimed_fixed_excl_tax,
        ocpi_number(energy_cost_leaf) as claimed_energy_excl_tax,
        ocpi_number(time_cost_leaf) as claimed_time_excl_tax,
        ocpi_number(parking_cost_leaf) as claimed_parking_excl_tax,
        ocpi_number(reservation_cost_leaf) as claimed_reservation_excl_tax,
        -- 2.3.0: gross is net plus all taxes; no list of taxes says nothing about them.
        case
            when total_cost.taxes is null then null
            else list_transform(total_cost.taxes, lambda tax: ocpi_number(cast(tax.amount as varchar)))
        end as taxes,
        ocpi_boolean(credit_leaf) as is_credit,
        ocpi_boolean(home_leaf) as is_home_charging,
        period_sums.missing as missing_of_periods,
        coalesce(period_sums.is_odd, false) as is_period_odd,
        coalesce(period_sums.is_excess, false) as is_period_excess,
        coalesce(period_sums.zone_form, 'utc') as period_zone_form
    from parties
    left join period_sums on parties.record_id = period_sums.record_id

)

select
    record_id,
    file_seq,
    position,
    case
        when is_price then 'position|' || lpad(cast(position as varchar), 10, '0')
        else lower(cpo_party) || '|' || lower(nullif(cdr.id, ''))
    end as cdr_key,
    cpo_party,
    emsp_party,
    party_source,
    nullif(cdr.id, '') as cdr_id,
    ocpi_version,
    started_at,
    ended_at,
    nullif(cdr.session_id, '') as session_id,
    -- authorization_id is Gireve's addition to 2.1.1.
    nullif(coalesce(cdr.authorization_reference, if(is_v211, cdr.authorization_id, null)), '')
        as authorization_reference,
    nullif(cdr.auth_method, '') as auth_method,
    -- 2.1.1 knows the token by its auth_id alone, which is the contract's id.
    nullif(coalesce(cdr.cdr_token.uid, if(is_v211, cdr.auth_id, null)), '') as token_uid,
    nullif(cdr.cdr_token.type, '') as token_type,
    nullif(coalesce(cdr.cdr_token.contract_id, if(is_v211, cdr.auth_id, null)), '') as contract_id,
    nullif(coalesce(cdr.cdr_location.id, cdr.location.id), '') as location_id,
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
    coalesce(nullif(cdr.location.time_zone, ''), mapped_time_zone) as record_time_zone,
    nullif(cdr.meter_id, '') as meter_id,
    upper(nullif(cdr.currency, '')) as currency,
    energy_kwh,
    total_time_hours,
    total_parking_hours,
    claimed_excl_tax,
    case
        when sent_gross is not null then sent_gross
        when len(taxes) = 0 then claimed_excl_tax
        when len(list_filter(taxes, lambda tax: tax is null)) = 0
            then try_cast(claimed_excl_tax + list_sum(taxes) as decimal(18, 8))
    end as claimed_incl_tax,
    claimed_fixed_excl_tax,
    claimed_energy_excl_tax,
    claimed_time_excl_tax,
    claimed_parking_excl_tax,
    claimed_reservation_excl_tax,
    coalesce(is_credit, false) as is_credit,
    nullif(cdr.credit_reference_id, '') as credit_reference_id,
    is_home_charging,
    nullif(cdr.invoice_reference_id, '') as invoice_reference_id,
    nullif(cdr.remark, '') as remark,
    last_updated,
    case
        when
            ocpi_is_plain_instant(start_leaf) and ocpi_is_plain_instant(end_leaf)
            and ocpi_is_plain_instant(updated_leaf)
            then period_zone_form
        -- In order of the alphabet: epoch, none, offset, utc.
        else least(
            ocpi_time_form(start_leaf), ocpi_time_form(end_leaf), ocpi_time_form(updated_leaf), period_zone_form
        )
    end as time_form,
    case
        -- Nearly every record has them all: only the others have their fields looked at one by one.
        when
            is_full and cdr.id <> '' and cdr.country_code <> '' and cdr.party_id <> '' and start_leaf <> '""'
            and end_leaf <> '""' and updated_leaf <> '""' and cdr.auth_method <> '' and cdr.currency <> ''
            and cdr.cdr_token.country_code <> '' and cdr.cdr_token.party_id <> '' and cdr.cdr_token.uid <> ''
            and cdr.cdr_token.type <> '' and cdr.cdr_token.contract_id <> '' and cdr.cdr_location.id <> ''
            and cdr.cdr_location.country <> '' and cdr.cdr_location.address <> '' and cdr.cdr_location.city <> ''
            and cdr.cdr_location.coordinates.latitude <> '' and cdr.cdr_location.coordinates.longitude <> '' and cdr.cdr_location.evse_uid <> '' and cdr.cdr_location.evse_id <> ''
            and cdr.cdr_location.connector_id <> '' and cdr.charging_periods is not null
            and missing_of_periods is null and net_leaf is not null and energy_leaf is not null
            and time_leaf is not null
            then null
        else nullif(
            concat_ws(
                ',',
                case when not is_price and nullif(cdr.id, '') is null then 'id' end,
                case when is_full and nullif(cdr.country_code, '') is null then 'country_code' end,
                case when is_full and nullif(cdr.party_id, '') is null then 'party_id' end,
                case when nullif(start_leaf, '""') is null then 'start_date_time' end,
                case when nullif(end_leaf, '""') is null then if(is_v211, 'stop_date_time', 'end_date_time') end,
                case when is_full and cdr.cdr_token is null then 'cdr_token' end,
                case
                    when is_full and cdr.cdr_token is not null and nullif(cdr.cdr_token.country_code, '') is null
                        then 'cdr_token.country_code'
                end,
                case
                    when is_full and cdr.cdr_token is not null and nullif(cdr.cdr_token.party_id, '') is null
                        then 'cdr_token.party_id'
                end,
                case
                    when is_full and cdr.cdr_token is not null and nullif(cdr.cdr_token.uid, '') is null
                        then 'cdr_token.uid'
                end,
                case
                    when is_full and cdr.cdr_token is not null and nullif(cdr.cdr_token.type, '') is null
                        then 'cdr_token.type'
                end,
                case
                    when is_full and cdr.cdr_token is not null and nullif(cdr.cdr_token.contract_id, '') is null
                        then 'cdr_token.contract_id'
                end,
                case when is_v211 and not is_price and nullif(cdr.auth_id, '') is null then 'auth_id' end,
                case when not is_price and nullif(cdr.auth_method, '') is null then 'auth_method' end,
                case when is_full and cdr.cdr_location is null then 'cdr_location' end,
                case
                    when is_full and cdr.cdr_location is not null and nullif(cdr.cdr_location.id, '') is null
                        then 'cdr_location.id'
                end,
                case
                    when is_full and cdr.cdr_location is not null and nullif(cdr.cdr_location.address, '') is null
                        then 'cdr_location.address'
                end,
                case
                    when is_full and cdr.cdr_location is not null and nullif(cdr.cdr_location.city, '') is null
                        then 'cdr_location.city'
                end,
                case
                    when
                        is_full and cdr.cdr_location is not null
                        and (
                            nullif(cdr.cdr_location.coordinates.latitude, '') is null
                            or nullif(cdr.cdr_location.coordinates.longitude, '') is null
                        )
                        then 'cdr_location.coordinates'
                end,
                case
                    when is_full and cdr.cdr_location is not null and nullif(cdr.cdr_location.country, '') is null
                        then 'cdr_location.country'
                end,
                case
                    when is_full and cdr.cdr_location is not null and nullif(cdr.cdr_location.evse_uid, '') is null
                        then 'cdr_location.evse_uid'
                end,
                case
                    when is_full and cdr.cdr_location is not null and nullif(cdr.cdr_location.evse_id, '') is null
                        then 'cdr_location.evse_id'
                end,
                case
                    when is_full and cdr.cdr_location is not null and nullif(cdr.cdr_location.connector_id, '') is null
                        then 'cdr_location.connector_id'
                end,
                case when is_v211 and not is_price and cdr.location is null then 'location' end,
                case
                    when is_v211 and not is_price and cdr.location is not null and nullif(cdr.location.id, '') is null
                        then 'location.id'
                end,
                case when nullif(cdr.currency, '') is null then 'currency' end,
                case when cdr.charging_periods is null then 'charging_periods' end,
                missing_of_periods,
                case when not is_price and total_cost is null then 'total_cost' end,
                case
                    when not is_price and starts_with(cost_leaf, '{') and net_leaf is null
                        then if(ocpi_version = '2.3.0', 'total_cost.before_taxes', 'total_cost.excl_vat')
                end,
                case when not is_price and energy_leaf is null then 'total_energy' end,
                case when not is_price and time_leaf is null then 'total_time' end,
                case when not is_price and nullif(updated_leaf, '""') is null then 'last_updated' end
            ),
            ''
        )
    end as missing_fields,
    case when not is_price then version_conflict end as version_conflict,
    case
        when
            (start_leaf <> '""' and started_at is null)
            or (end_leaf <> '""' and ended_at is null)
            or (updated_leaf <> '""' and last_updated is null)
            or (energy_leaf is not null and energy_kwh is null)
            or (time_leaf is not null and total_time_hours is null)
            or (parking_leaf is not null and total_parking_hours is null)
            or (total_cost is not null and claimed_excl_tax is null)
            or (gross_leaf is not null and sent_gross is null)
            or (cdr.total_fixed_cost is not null and claimed_fixed_excl_tax is null)
            or (cdr.total_energy_cost is not null and claimed_energy_excl_tax is null)
            or (cdr.total_time_cost is not null and claimed_time_excl_tax is null)
            or (cdr.total_parking_cost is not null and claimed_parking_excl_tax is null)
            or (cdr.total_reservation_cost is not null and claimed_reservation_excl_tax is null)
            or (credit_leaf is not null and is_credit is null)
            or (home_leaf is not null and is_home_charging is null)
            or len(list_filter(taxes, lambda tax: tax is null)) > 0
            or cdr.charging_periods is null
            -- A text where an object should be reads as an object of nulls.
            or (is_full and (cdr.cdr_token.uid is null or cdr.cdr_location.id is null))
            or (is_v211 and not is_price and cdr.location.id is null)
            or is_tariffs_odd
            or is_period_odd
            or (
                not is_price
                and (
                    ocpi_is_none_of(cdr.auth_method, ['AUTH_REQUEST', 'COMMAND', 'WHITELIST'])
                    or ocpi_is_none_of(
                        cdr.cdr_token.type, ['AD_HOC_USER', 'APP_USER', 'EMAID', 'OTHER', 'RFID']
                    )
                    or ocpi_is_none_of(
                        sent_power_type, ['AC_1_PHASE', 'AC_2_PHASE', 'AC_2_PHASE_SPLIT', 'AC_3_PHASE', 'DC']
                    )
                    or ocpi_is_longer(cdr.country_code, 2) or ocpi_is_longer(cdr.party_id, 3)
                    or ocpi_is_longer(cdr.cdr_token.country_code, 2) or ocpi_is_longer(cdr.cdr_token.party_id, 3)
                    or ocpi_is_longer(cdr.session_id, 36) or ocpi_is_longer(cdr.authorization_reference, 36)
                    or ocpi_is_longer(cdr.cdr_token.uid, 36) or ocpi_is_longer(cdr.cdr_token.contract_id, 36)
                    or ocpi_is_longer(cdr.cdr_location.id, 36) or ocpi_is_longer(cdr.cdr_location.country, 3)
                    or ocpi_is_longer(cdr.cdr_location.evse_uid, 36) or ocpi_is_longer(cdr.cdr_location.evse_id, 48)
                    or ocpi_is_longer(cdr.cdr_location.connector_id, 36) or ocpi_is_longer(cdr.location.country, 3)
                )
            )
            or ocpi_is_shape(cdr.id) or ocpi_is_shape(cdr.country_code) or ocpi_is_shape(cdr.party_id)
            or ocpi_is_shape(cdr.currency) or ocpi_is_shape(cdr.session_id) or ocpi_is_shape(cdr.credit_reference_id)
            then 'odd'
    end as type_problems,
    nullif(
        concat_ws(
            ',',
            case when ocpi_is_excess(energy_leaf, energy_kwh) then 'total_energy' end,
            case when ocpi_is_excess(time_leaf, total_time_hours) then 'total_time' end,
            case when ocpi_is_excess(parking_leaf, total_parking_hours) then 'total_parking_time' end,
            case when ocpi_is_excess(net_leaf, claimed_excl_tax) then 'total_cost' end,
            case when ocpi_is_excess(gross_leaf, sent_gross) then 'total_cost.incl_vat' end,
            case when ocpi_is_excess(fixed_leaf, claimed_fixed_excl_tax) then 'total_fixed_cost' end,
            case when ocpi_is_excess(energy_cost_leaf, claimed_energy_excl_tax) then 'total_energy_cost' end,
            case when ocpi_is_excess(time_cost_leaf, claimed_time_excl_tax) then 'total_time_cost' end,
            case when ocpi_is_excess(parking_cost_leaf, claimed_parking_excl_tax) then 'total_parking_cost' end,
            case when ocpi_is_excess(reservation_cost_leaf, claimed_reservation_excl_tax) then 'total_reservation_cost' end,
            case when is_period_excess then 'charging_periods.volume' end
        ),
        ''
    ) as excess_precision
from typed
where cdr is not null and (is_price or nullif(cdr.id, '') is not null or cpo_party is not null)
