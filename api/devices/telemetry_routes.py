"""Route for telemetry of pilots' own devices."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from api.devices.telemetry import body_of, refused
from api.http.answers import document, respond
from api.http.auth import PrincipalDep, authenticate
from api.http.context import ContextDep
from api.http.params import TelemetryParams
from api.http.responses import responses
from api.http.zones import note_assumed
from zenata.contract.devices import TelemetryResult

router = APIRouter(prefix="/v1", tags=["devices"], dependencies=[Depends(authenticate)])

_PROBLEMS = (
    "no-key",
    "wrong-role",
    "request-refused",
    "unknown-device",
    "body-too-large",
    "invalid-parameter",
    "telemetry-refused",
    "over-quota",
    "store-unavailable",
)
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]},
                "example": {"temperature": 21.5, "door": True},
            },
            "application/senml+json": {"schema": {"type": "array", "items": {"type": "object"}}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@router.post(
    "/telemetry",
    responses=responses(TelemetryResult, *_PROBLEMS),
    openapi_extra=_BODY,
)
async def telemetry(
    context: ContextDep, principal: PrincipalDep, params: Annotated[TelemetryParams, Query()], request: Request
) -> Response:
    """Take a message of a device: SenML, a JSON object of properties, or an uplink of ChirpStack or The Things Stack.

    `docs/devices.md` has an example of each. The device is `device`, or what the body says. What cannot be stored of a
    message is named in `left_out`; the rest is durable once it is answered. One that is refused as a whole is a dead
    letter too, but for quotas. The header `Zenata-Assumed-Zone: UTC` says that a time without an offset was taken as UTC.
    """
    body = await body_of(request)
    take = context.telemetry.document
    async with context.takers.slot(principal.pilot):
        taken = await to_thread.run_sync(take, principal.pilot, params.device, body)
    if taken.rejections:
        raise refused(taken.rejections[0])
    if taken.assumed_utc:
        note_assumed(request.scope)
    return respond(document(TelemetryResult, taken))
