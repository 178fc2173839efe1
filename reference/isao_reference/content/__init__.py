"""Validation of STIX content: the published JSON Schemas and the rules that schemas cannot say.

`validate_object(value)` judges one object or bundle, `validate_objects(values)` also what holds between objects;
both give a list of `Finding`, each with the rule of `isao_spec.stix`, its level, its clause and a JSON Pointer.
"""

from __future__ import annotations

from isao_reference.content.finding import Finding
from isao_reference.content.validate import collection_findings, is_valid, validate_object, validate_objects

__all__ = ["Finding", "collection_findings", "is_valid", "validate_object", "validate_objects"]
