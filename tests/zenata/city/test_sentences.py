import ast
import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.problems import KINDS
from zenata.city import sentences
from zenata.city.sentences import english, help_with, recognise, translations
from zenata.contract.pilots import Quotas, Scope
from zenata.contract.trials import Phase
from zenata.control.trial_tables import LATE

ROOT = Path(__file__).parents[3]
TABLES = tomllib.loads((ROOT / "zenata/city/sentences.toml").read_text())
SENTENCES = TABLES["alerts"] | TABLES["reasons"]
PARAMETER = re.compile(r"\{([a-z]+)\}")
# Where sentences are raised that are stored or shown; what is in the code and not in the file comes in English.
ENDS = "api/trials/service.py"  # why a trial ends: the last argument of `end`
SOURCES = ("ingest/decoder.py", "ingest/devices.py", "ingest/quotas.py", "ingest/telemetry.py", "zenata/wire/topics.py")
ERRORS = ("Rejected", "TopicError")


def test_sentences_have_the_same_parameters_in_every_language():
    for code, texts in SENTENCES.items():
        assert set(texts) == {"en", "fr", "ar"}, code
        assert len({tuple(sorted(PARAMETER.findall(text))) for text in texts.values()}) == 1, code
        assert re.search(r"[\u0600-\u06ff]", texts["ar"]), code
        assert not re.search(r"[\u0660-\u0669]", texts["ar"]), code
        french = PARAMETER.sub("", texts["fr"])
        assert not re.search(r"\w[:;!?](?:\s|$)", french), f"{code}: French sets a space before these"


@given(st.sampled_from(sorted(SENTENCES)), st.data())
def test_a_sentence_is_recognised_with_the_values_that_it_was_made_from(code, data):
    names = PARAMETER.findall(SENTENCES[code]["en"])
    values = {name: data.draw(st.from_regex(r"[A-Za-z0-9/-]{1,12}", fullmatch=True)) for name in names}
    text = PARAMETER.sub(lambda found: values[found[1]], SENTENCES[code]["en"])
    assert recognise(text) == (code, values)
    texts = translations(text)
    assert texts["en"] == text
    for language in ("fr", "ar"):
        assert not PARAMETER.search(texts[language])
        assert all(value in texts[language] for value in values.values())


@given(st.text())
def test_any_other_text_stays_as_it_is(text):
    known = recognise(text)
    assert known is not None or set(translations(text).values()) == {text}


def test_a_reason_within_a_sentence_is_translated_too():
    newest = english("dead-letters", count="3", code="unit", reason="temperature is in Cel, not in 'F'")
    assert newest == "dead letters in the last hour: 3; the newest: unit: temperature is in Cel, not in 'F'"
    assert "température de l'air (temperature) est en Cel, pas en 'F'" in translations(newest)["fr"]


def test_numbers_are_set_as_in_morocco_and_values_stand_apart_in_arabic():
    texts = translations(english("over-quota", quota="points_per_day", limit="1,000,000"))
    assert "1.000.000" in texts["fr"]
    assert "\u20681.000.000\u2069" in texts["ar"]


def test_words_of_the_api_are_words_of_the_language():
    texts = translations(english("over-quota", quota="worlds", limit="4"))
    assert texts["en"] == "refused for the quota worlds, which is 4"
    assert texts["fr"] == "refusé à cause du quota « mondes privés », qui est de 4"
    assert texts["ar"] == "رُفض بسبب حصة «العوالم الخاصة»، وقدرها \u20684\u2069"
    wanted = {f"quota.{name}" for name in Quotas.__struct_fields__} | {f"phase.{phase}" for phase in get_args(Phase)}
    assert wanted <= set(TABLES["words"])
    assert all(set(texts) == {"fr", "ar"} for texts in TABLES["words"].values())


def test_what_has_a_title_is_called_by_it_and_what_was_sent_is_named_as_it_was_sent():
    texts = translations("ev-charging takes commands to devices of kind charger alone")
    assert texts["fr"].startswith("Recharge des véhicules électriques ne prend")
    assert texts["fr"].endswith("du type borne de recharge (charger)")
    assert "شحن السيارات الكهربائية" in texts["ar"]
    assert "شاحن سيارات كهربائية (\u2068charger\u2069)" in texts["ar"]
    own = translations("soil of d1 is in Cel since it was first sent, not in 'F'")
    assert own["fr"].startswith("soil de d1 est en Cel"), "a property that only its sender knows has no title"


def test_scopes_of_a_key_are_said_in_the_language():
    texts = translations("This needs a key with the scope write; 'main' has mqtt, read.")
    assert texts["fr"] == "Il faut ici une clé avec la portée écriture ; 'main' a MQTT, lecture."
    assert "بالصلاحية الكتابة" in texts["ar"]
    assert "MQTT، القراءة" in texts["ar"]
    assert {f"scope.{scope}" for scope in Scope} <= set(TABLES["words"])


def test_no_sentence_in_french_or_arabic_holds_a_member_of_a_document():
    texts = {f"{code} {language}": SENTENCES[code][language] for code in SENTENCES for language in ("fr", "ar")}
    assert [name for name, text in texts.items() if re.search("[a-z]_[a-z]", text)] == []


def test_a_long_text_of_a_stranger_is_looked_at_in_one_pass():
    assert recognise("observed at " * 20_000) is None


def test_every_kind_of_problem_has_help_in_french_and_arabic():
    assert set(TABLES["help"]) == set(KINDS)
    assert all(set(texts) == {"fr", "ar"} for texts in TABLES["help"].values())
    assert help_with("unknown-trial", "There is no trial 'x'.", "en") == ("There is no trial 'x'.", None)
    advice = TABLES["help"]["unknown-trial"]["ar"]
    assert help_with("unknown-trial", "There is no trial 'x'.", "ar") == (advice, "There is no trial 'x'.")


@pytest.mark.parametrize("source", SOURCES)
def test_what_the_code_says_of_dead_letters_is_known(source):
    """Each message that is raised there, with values in place of its expressions, is a sentence of the file."""
    unknown = [text for text in raised(ROOT / source) if recognise(text) is None]
    assert unknown == []


def test_why_trials_end_is_known_in_every_language():
    calls = [one for one in ast.walk(ast.parse((ROOT / ENDS).read_text())) if isinstance(one, ast.Call)]
    found = [call.args[-1] for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr == "end"]
    found = [one.value if isinstance(one, ast.Subscript) else one for one in found]  # cut to a length
    texts = [text for text in map(text_of, found) if text is not None]
    assert len(texts) >= 5
    assert [text for text in (*texts, LATE) if recognise(text) is None] == []


def test_a_problem_may_write_a_sentence_large_with_a_full_stop_and_say_what_to_do_about_its_kind():
    texts = translations("Demo has 4 private worlds already, as many as it may have: delete one.")
    assert texts["fr"].startswith("Demo a déjà 4 mondes privés")
    assert (texts["fr"][-1], texts["ar"][-1]) == (".", ".")
    advice = KINDS["unknown-device"].help
    translated, original = help_with("unknown-device", f"There is no device 'roof'. {advice}", "fr", advice)
    assert (
        translated
        == "Il n'y a pas d'appareil 'roof'. La liste de vos appareils est à /v1/devices ; un POST y en crée un."
    )
    assert original is None
    assert help_with("unknown-device", advice, "fr", advice) == (TABLES["help"]["unknown-device"]["fr"], None)


def raised(file: Path) -> list[str]:
    tree = ast.parse(file.read_text())
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and getattr(one.func, "id", "") in ERRORS]
    texts = [text_of(argument) for call in calls for argument in call.args[-2:]]
    assert texts
    return [text for text in texts if text is not None and " " in text]


def text_of(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "x1" for part in node.values)


def test_templates_are_told_apart():
    assert len(SENTENCES) == len(TABLES["alerts"]) + len(TABLES["reasons"]), "a code is used once"
    assert {one.code for one in sentences._templates()} == set(SENTENCES)
