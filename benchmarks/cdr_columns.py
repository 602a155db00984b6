"""What DuckDB's own reader is told of a CDR, for the comparison: names and types."""

# The types a CDR of OCPI 2.2.1 has, as a reader of raw files would declare them.
_PRICE = "STRUCT(excl_vat DECIMAL(18,8), incl_vat DECIMAL(18,8))"
_COMPONENT = 'STRUCT("type" VARCHAR, price DECIMAL(18,8), vat DECIMAL(18,8), step_size BIGINT)'
_RESTRICTIONS = "STRUCT(start_time VARCHAR, end_time VARCHAR, day_of_week VARCHAR[], min_duration BIGINT)"
CDR_COLUMNS = {
    "country_code": "VARCHAR",
    "party_id": "VARCHAR",
    "id": "VARCHAR",
    "start_date_time": "TIMESTAMPTZ",
    "end_date_time": "TIMESTAMPTZ",
    "session_id": "VARCHAR",
    "cdr_token": 'STRUCT(country_code VARCHAR, party_id VARCHAR, uid VARCHAR, "type" VARCHAR, contract_id VARCHAR)',
    "auth_method": "VARCHAR",
    "authorization_reference": "VARCHAR",
    "cdr_location": "STRUCT(id VARCHAR, evse_uid VARCHAR, evse_id VARCHAR, connector_id VARCHAR, country VARCHAR)",
    "currency": "VARCHAR",
    "tariffs": "STRUCT(id VARCHAR, currency VARCHAR, start_date_time TIMESTAMPTZ, elements"
    f" STRUCT(price_components {_COMPONENT}[], restrictions {_RESTRICTIONS})[])[]",
    "charging_periods": "STRUCT(start_date_time TIMESTAMPTZ, tariff_id VARCHAR,"
    ' dimensions STRUCT("type" VARCHAR, volume DECIMAL(18,8))[])[]',
    "total_cost": _PRICE,
    "total_fixed_cost": _PRICE,
    "total_energy": "DECIMAL(18,8)",
    "total_energy_cost": _PRICE,
    "total_time": "DECIMAL(18,8)",
    "total_time_cost": _PRICE,
    "total_parking_time": "DECIMAL(18,8)",
    "total_parking_cost": _PRICE,
    "credit": "BOOLEAN",
    "credit_reference_id": "VARCHAR",
    "last_updated": "TIMESTAMPTZ",
}
