"""/openapi.yaml, by which JSON that comes is judged: it has what stands there, and nothing else."""

import jsonschema_rs
import yaml


class Contract:
    def __init__(self, text):
        self.document = yaml.safe_load(text)
        self.components = closed(self.document["components"])

    def answer(self, path, method, status):
        """What stands there of the answers of one status."""
        answers = self.document["paths"][path][method]["responses"]
        answer = answers.get(str(status)) or answers["default"]
        if "$ref" in answer:
            answer = self.document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
        return answer

    def check(self, value, schema):
        validator = jsonschema_rs.Draft202012Validator(
            {**closed(schema), "components": self.components}, validate_formats=True)
        errors = [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(value)]
        assert not errors, f"{errors} in {value}, by {schema}"


def closed(schema):
    """`schema`, whose objects may have no properties but those that it names."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {key: closed(part) for key, part in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        parts.setdefault("additionalProperties", False)
    return parts
