"""What can be made to happen: types of events, and scenarios."""

from .base import Document, JsonObject, Titles


class EventType(Document, frozen=True, kw_only=True):
    """A type of event.

    Parameters
    ----------
    type : str
    titles : Titles
        Its name in French, English and Arabic.
    description : str
    public : bool
        Whether a city would announce it.
    duration : int
        How long one lasts unless its duration is given [s].
    parameters : dict
        JSON Schema of its parameters, with defaults; `unit` is the unit of a number.
    """

    type: str
    titles: Titles
    description: str
    public: bool
    duration: int
    parameters: JsonObject


class Scenario(Document, frozen=True, kw_only=True):
    """A scenario that comes with the city.

    Parameters
    ----------
    name : str
        For `scenario` of a new world.
    description : str
    events : list of dict
        Its events, as `POST /v1/worlds/{world}/events` takes them; times with a plus count from the start of the world.
    """

    name: str
    description: str
    events: list[JsonObject]
