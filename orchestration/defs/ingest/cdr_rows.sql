-- Typed rows of the chunk's CDRs. Every leaf is cast by itself: one that cannot be is null and named in type_problems.
insert into ingest.raw_cdrs by name
with

leaves as (

    select
        heads.record_id,
        heads.position,
        heads.shape_problems,
        heads.ocpi_version,
        heads.cdr,
        load.file_seq,
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
        cast(heads.cdr.total_cost as varchar) as cost_leaf,
        cast(heads.cdr.total_fixed_cost as varchar) as fixed_leaf,
        cast(heads.cdr.total_energy_cost as varchar) as energy_cost_leaf,
        cast(heads.cdr.total_time_cost as varchar) as time_cost_leaf,
        cast(heads.cdr.total_parking_cost as varchar) as parking_cost_leaf,
        cast(heads.cdr.total_reservation_cost as varchar) as reservation_cost_leaf,
        cast(heads.cdr.credit as varchar) as credit_leaf,
        cast(heads.cdr.home_charging_compensation as varchar) as home_leaf,
        coalesce(heads.cdr.cdr_location.evse_uid, heads.cdr.location.evses[1].uid) as evse_uid,
        coalesce(heads.cdr.cdr_location.evse_id, heads.cdr.location.evses[1].evse_id) as evse_id,
        upper(nullif(heads.cdr.country_code, '') || '/' || nullif(heads.cdr.party_id, '')) as sent_cpo_party,
        upper(nullif(heads.cdr.cdr_token.country_code, '') || '/' || nullif(heads.cdr.cdr_token.party_id, ''))
            as sent_emsp_party
    from ocpi_heads as heads
    cross join ocpi_load as load

),

costs as (

    select
        *,
        ocpi_price(cost_leaf) as total_cost,
        ocpi_price(fixed_leaf) as fixed_cost,
        ocpi_price(energy_cost_leaf) as energy_cost,
        ocpi_price(time_cost_leaf) as time_cost,
        ocpi_price(parking_cost_leaf) as parking_cost,
        ocpi_price(reservation_cost_leaf) as reservation_cost,
        -- 2.1.1 writes the amount without tax as a bare number.
        case when starts_with(cost_leaf, '{') or not is_v211 then ocpi_price_net(ocpi_price(cost_leaf)) else cost_leaf end
            as net_leaf,
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
        end as party_source,
        list_concat(
            [start_leaf, end_leaf, updated_leaf],
            list_transform(cdr.charging_periods, lambda period: cast(period.start_date_time as varchar))
        ) as stamps
    from costs

),

period_sums as (

    select
        record_id,
        string_agg(missing, ',' order by period_no) as missing,
        string_agg(problem, '; ' order by period_no) as problems,
        bool_or(is_excess) as is_excess
    from ocpi_periods
    where missing is not null or problem is not null or is_excess
    group by record_id

)

select
    parties.record_id,
    parties.file_seq,
    parties.position,
    case
        when profile = 'price' then 'position|' || lpad(cast(parties.position as varchar), 10, '0')
        else lower(cpo_party) || '|' || lower(nullif(cdr.id, ''))
    end as cdr_key,
    cpo_party,
    emsp_party,
    party_source,
    nullif(cdr.id, '') as cdr_id,
    parties.ocpi_version,
    ocpi_instant(start_leaf) as started_at,
    ocpi_instant(end_leaf) as ended_at,
    nullif(cdr.session_id, '') as session_id,
    nullif(cdr.authorization_reference, '') as authorization_reference,
    cdr.auth_method,
    -- 2.1.1 knows the token by its auth_id alone, which is the contract's id.
    nullif(coalesce(cdr.cdr_token.uid, if(is_v211, cdr.auth_id, null)), '') as token_uid,
    cdr.cdr_token.type as token_type,
    nullif(coalesce(cdr.cdr_token.contract_id, if(is_v211, cdr.auth_id, null)), '') as contract_id,
    nullif(coalesce(cdr.cdr_location.id, cdr.location.id), '') as location_id,
    nullif(evse_uid, '') as evse_uid,
    nullif(evse_id, '') as evse_id,
    nullif(coalesce(cdr.cdr_location.connector_id, cdr.location.evses[1].connectors[1].id), '') as connector_id,
    coalesce(cdr.cdr_location.country, cdr.location.country) as location_country,
    coalesce(nullif(cdr.location.time_zone, ''), mapped_time_zone) as record_time_zone,
    nullif(cdr.meter_id, '') as meter_id,
    upper(nullif(cdr.currency, '')) as currency,
    ocpi_number(energy_leaf) as energy_kwh,
    ocpi_number(time_leaf) as total_time_hours,
    ocpi_number(parking_leaf) as total_parking_hours,
    ocpi_number(net_leaf) as claimed_excl_tax,
    coalesce(
        ocpi_number(cast(total_cost.incl_vat as varchar)),
        -- 2.3.0: gross is net plus all taxes; no list of taxes says nothing about them.
        case
            when
                len(total_cost.taxes) = len(list_filter(
                    total_cost.taxes, lambda tax: ocpi_number(cast(tax.amount as varchar)) is not null
                ))
                then try_cast(
                    ocpi_number(net_leaf) + coalesce(
                        list_sum(list_transform(
                            total_cost.taxes, lambda tax: ocpi_number(cast(tax.amount as varchar))
                        )),
                        0
                    ) as decimal(18, 8)
                )
        end
    ) as claimed_incl_tax,
    ocpi_number(ocpi_price_net(fixed_cost)) as claimed_fixed_excl_tax,
    ocpi_number(ocpi_price_net(energy_cost)) as claimed_energy_excl_tax,
    ocpi_number(ocpi_price_net(time_cost)) as claimed_time_excl_tax,
    ocpi_number(ocpi_price_net(parking_cost)) as claimed_parking_excl_tax,
    ocpi_number(ocpi_price_net(reservation_cost)) as claimed_reservation_excl_tax,
    coalesce(ocpi_boolean(credit_leaf), false) as is_credit,
    nullif(cdr.credit_reference_id, '') as credit_reference_id,
    ocpi_boolean(home_leaf) as is_home_charging,
    ocpi_instant(updated_leaf) as last_updated,
    case
        when len(list_filter(stamps, lambda stamp: ocpi_zone_form(stamp) = 'none')) > 0 then 'none'
        when len(list_filter(stamps, lambda stamp: ocpi_zone_form(stamp) = 'offset')) > 0 then 'offset'
        else 'utc'
    end as time_form,
    nullif(
        concat_ws(
            ',',
            ocpi_missing('start_date_time', start_leaf),
            ocpi_missing(if(is_v211, 'stop_date_time', 'end_date_time'), end_leaf),
            ocpi_missing('currency', cdr.currency),
            case when cdr.charging_periods is null then 'charging_periods' end,
            period_sums.missing,
            case
                when profile = 'price' then null
                else nullif(
                    concat_ws(
                        ',',
                        ocpi_missing('id', cdr.id),
                        ocpi_missing('auth_method', cdr.auth_method),
                        ocpi_missing('total_cost', cost_leaf),
                        case
                            when starts_with(cost_leaf, '{') and net_leaf is null
                                then 'total_cost.' || if(parties.ocpi_version = '2.3.0', 'before_taxes', 'excl_vat')
                        end,
                        ocpi_missing('total_energy', energy_leaf),
                        ocpi_missing('total_time', time_leaf),
                        ocpi_missing('last_updated', updated_leaf),
                        case
                            when is_v211 then nullif(
                                concat_ws(
                                    ',',
                                    ocpi_missing('auth_id', cdr.auth_id),
                                    case
                                        when cdr.location is null then 'location'
                                        else ocpi_missing('location.id', cdr.location.id)
                                    end
                                ),
                                ''
                            )
                            else nullif(
                                concat_ws(
                                    ',',
                                    ocpi_missing('country_code', cdr.country_code),
                                    ocpi_missing('party_id', cdr.party_id),
                                    case
                                        when cdr.cdr_token is null then 'cdr_token'
                                        else nullif(
                                            concat_ws(
                                                ',',
                                                ocpi_missing('cdr_token.country_code', cdr.cdr_token.country_code),
                                                ocpi_missing('cdr_token.party_id', cdr.cdr_token.party_id),
                                                ocpi_missing('cdr_token.uid', cdr.cdr_token.uid),
                                                ocpi_missing('cdr_token.type', cdr.cdr_token.type),
                                                ocpi_missing('cdr_token.contract_id', cdr.cdr_token.contract_id)
                                            ),
                                            ''
                                        )
                                    end,
                                    case
                                        when cdr.cdr_location is null then 'cdr_location'
                                        else nullif(
                                            concat_ws(
                                                ',',
                                                ocpi_missing('cdr_location.id', cdr.cdr_location.id),
                                                ocpi_missing('cdr_location.country', cdr.cdr_location.country),
                                                ocpi_missing('cdr_location.evse_uid', cdr.cdr_location.evse_uid),
                                                ocpi_missing('cdr_location.evse_id', cdr.cdr_location.evse_id),
                                                ocpi_missing(
                                                    'cdr_location.connector_id', cdr.cdr_location.connector_id
                                                )
                                            ),
                                            ''
                                        )
                                    end
                                ),
                                ''
                            )
                        end
                    ),
                    ''
                )
            end
        ),
        ''
    ) as missing_fields,
    nullif(
        concat_ws(
            '; ',
            ocpi_text_problem('id', cdr.id),
            ocpi_text_problem('country_code', cdr.country_code),
            ocpi_text_problem('party_id', cdr.party_id),
            ocpi_text_problem('currency', cdr.currency),
            ocpi_text_problem('session_id', cdr.session_id),
            ocpi_text_problem('credit_reference_id', cdr.credit_reference_id),
            ocpi_instant_problem('start_date_time', start_leaf),
            ocpi_instant_problem(if(is_v211, 'stop_date_time', 'end_date_time'), end_leaf),
            ocpi_instant_problem('last_updated', updated_leaf),
            ocpi_number_problem('total_energy', energy_leaf),
            ocpi_number_problem('total_time', time_leaf),
            ocpi_number_problem('total_parking_time', parking_leaf),
            case
                when is_v211 and not starts_with(cost_leaf, '{') then ocpi_number_problem('total_cost', cost_leaf)
                else ocpi_price_problem('total_cost', cost_leaf, total_cost)
            end,
            ocpi_price_problem('total_fixed_cost', fixed_leaf, fixed_cost),
            ocpi_price_problem('total_energy_cost', energy_cost_leaf, energy_cost),
            ocpi_price_problem('total_time_cost', time_cost_leaf, time_cost),
            ocpi_price_problem('total_parking_cost', parking_cost_leaf, parking_cost),
            ocpi_price_problem('total_reservation_cost', reservation_cost_leaf, reservation_cost),
            ocpi_boolean_problem('credit', credit_leaf),
            ocpi_boolean_problem('home_charging_compensation', home_leaf),
            shape_problems,
            period_sums.problems
        ),
        ''
    ) as type_problems,
    nullif(
        concat_ws(
            ',',
            ocpi_excess('total_energy', energy_leaf),
            ocpi_excess('total_time', time_leaf),
            ocpi_excess('total_parking_time', parking_leaf),
            ocpi_excess('total_cost', net_leaf),
            ocpi_excess('total_cost.incl_vat', cast(total_cost.incl_vat as varchar)),
            ocpi_excess('total_fixed_cost', ocpi_price_net(fixed_cost)),
            ocpi_excess('total_energy_cost', ocpi_price_net(energy_cost)),
            ocpi_excess('total_time_cost', ocpi_price_net(time_cost)),
            ocpi_excess('total_parking_cost', ocpi_price_net(parking_cost)),
            ocpi_excess('total_reservation_cost', ocpi_price_net(reservation_cost)),
            case when period_sums.is_excess then 'charging_periods.volume' end
        ),
        ''
    ) as excess_precision
from parties
left join period_sums on parties.record_id = period_sums.record_id
where profile = 'price' or nullif(cdr.id, '') is not null or cpo_party is not null
