"""The client's values have the members that the API's models have, so that neither goes on alone."""

import msgspec
import pytest

from api.city import schemas
from api.devices import schemas as schemas_devices
from api.exports import schemas as schemas_exports
from api.webhooks import schemas as schemas_webhooks
from api.worlds import schemas as schemas_worlds
from zenata_client import documents

PAIRS = {
    documents.City: schemas.CityDocument,
    documents.Polygon: schemas.Polygon,
    documents.District: schemas.DistrictDocument,
    documents.Property: schemas.PropertyDocument,
    documents.Setting: schemas.SettingDocument,
    documents.Kind: schemas.KindDocument,
    documents.Reading: schemas.Row,
    documents.Sensor: schemas.SensorAndLatest,
    documents.Device: schemas_devices.DeviceAndLatest,
    documents.Taken: schemas_devices.TelemetryDocument,
    documents.Export: schemas_exports.ExportDocument,
    documents.Backfill: schemas_worlds.BackfillDocument,
    documents.World: schemas_worlds.WorldDocument,
    documents.Advanced: schemas_worlds.StepPage,
    documents.Event: schemas_worlds.EventDocument,
    documents.Command: schemas_worlds.CommandDocument,
    documents.Webhook: schemas_webhooks.WebhookAndSecret,
    documents.Delivery: schemas_webhooks.DeliveryDocument,
}


@pytest.mark.parametrize(("ours", "theirs"), PAIRS.items(), ids=lambda type_: type_.__name__)
def test_members_are_those_of_the_api(ours, theirs):
    members = {field.alias or name for name, field in theirs.model_fields.items()}
    assert {field.encode_name for field in msgspec.structs.fields(ours)} == members


def test_every_value_has_its_model():
    values = {
        value for value in vars(documents).values() if isinstance(value, type) and issubclass(value, msgspec.Struct)
    }
    assert values - {msgspec.Struct, documents.Page} == PAIRS.keys()
