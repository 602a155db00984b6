"""Signed values of CDRs become readings, proved by the registered key, and again when another key is registered."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from orchestration.defs.ingest.meter_values import read_meter_values
from tests.ocmf_values import ocmf_text, public_key_text
from tests.raw_rows import new_world

KEY, OTHER_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())


def test_readings_are_proved_by_the_registered_key_only(tmp_path: Path) -> None:
    _, world = new_world(tmp_path)
    connection = world.connection
    for number, (key, serial) in enumerate(((KEY, "M1"), (OTHER_KEY, "M1"), (KEY, "M9")), start=1):
        world.cdr(f"C{number}")
        world.insert(
            "raw_signed_values", record_id=(1 << 32) | number, value_no=1, nature="End",
            signed_data=ocmf_text(key, [("B", "1.5"), ("E", "4.0")], serial=serial), encoding_method="OCMF",
        )  # fmt: skip
    world.insert("raw_signed_values", record_id=(1 << 32) | 3, value_no=2, signed_data="<other format/>")
    world.insert("raw_meters", meter_id="m1", public_key=public_key_text(KEY), valid_to="2027-01-01T00:00:00Z")

    def proofs() -> list[tuple[object, ...]]:
        read_meter_values(connection)
        return connection.execute(
            "select record_id & 255, value_no, reading_no, context, cast(reading_kwh as varchar), signature"
            " from ingest.raw_meter_readings order by 1, 2, 3"
        ).fetchall()

    first = proofs()
    assert first == [
        (1, 1, 1, "B", "1.50000000", "good"), (1, 1, 2, "E", "4.00000000", "good"),
        (2, 1, 1, "B", "1.50000000", "bad"), (2, 1, 2, "E", "4.00000000", "bad"),
        (3, 1, 1, "B", "1.50000000", "unknown"), (3, 1, 2, "E", "4.00000000", "unknown"),
        (3, 2, 0, None, None, "unknown"),
    ]  # fmt: skip
    assert proofs() == first, "again changes nothing"
    # A key by the EVSE counts where the meter's own is not registered.
    world.insert("raw_meters", meter_id="M2", evse_uid="EV-C3", public_key=public_key_text(KEY))
    assert [row[-1] for row in proofs()] == ["good", "good", "bad", "bad", "good", "good", "unknown"]
    connection.close()
