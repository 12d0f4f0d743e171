"""STOP is read in a sentence too; what may be such a wish is told apart from everything else."""

import pytest

from portal_app.domain.sms_commands import SmsCommand, parse_sms


@pytest.mark.parametrize(
    ("words", "command", "language"),
    [
        ("STOP", SmsCommand.STOP, "en"),
        ("Unsubscribe", SmsCommand.STOP, "en"),
        ("¡Alto!", SmsCommand.STOP, "es"),
        ("baja", SmsCommand.STOP, "es"),
        ("S T O P", SmsCommand.STOP, "en"),
        ("ＳＴＯＰ", SmsCommand.STOP, "en"),
        ("Sí", SmsCommand.START, "es"),
        ("unstop", SmsCommand.START, "en"),
        ("INFO", SmsCommand.HELP, "en"),
        ("ayuda", SmsCommand.HELP, "es"),
    ],
)
def test_one_word_however_it_is_written(words: str, command: SmsCommand, language: str) -> None:
    assert parse_sms(words) == (command, language)


@pytest.mark.parametrize(
    "words",
    [
        *("Stop. Thank you", "please stop", "STOP texting me", "Alto por favor"),  # the reported case
        *("Stop\nSent from my phone", "STOP, you already told me", "stop stop stop", "I want to opt out"),
        *("don't text me anymore", "Don’t send me any more messages", "no more texts pls", "end texts"),
        *("Stop sending me these messages", "please unsubscribe me", "I revoke my consent"),
        *(
            "ya no me manden mensajes",
            "No quiero más mensajes",
            "Dejen de escribirme",
            "quiero darme de baja",
        ),
        *("cancelen los mensajes de texto", "parar por favor", "Please take me off. STOP"),
    ],
)
def test_b61_a_wish_to_stop_is_read_in_a_sentence(words: str) -> None:
    assert parse_sms(words).command is SmsCommand.STOP


@pytest.mark.parametrize(
    "words",
    [
        *("do not stop", "please don't stop texting me", "Can I stop by at 3?", "How do I stop these texts?"),
        *("The bleeding won't stop", "When should I stop taking the pills", "Don't text me after 9 pm"),
        *("leave me alone", "wrong number", "remove me from the list", "No paren de enviar mensajes"),
    ],
)
def test_b61_what_may_be_a_wish_to_stop_is_for_a_person(words: str) -> None:
    assert parse_sms(words).command is SmsCommand.STOP_WISH


@pytest.mark.parametrize(
    "words",
    [
        *(
            "",
            "  ",
            "👍",
            "C",
            "my tooth hurts",
            "cancel my appointment",
            "at the end of the week",
            "nonstop pain",
        ),
        *("el precio es muy alto", "no me envien la factura", "I don't text much"),
        *("yes please", "Start on Monday?", "help me", "Ayuda por favor"),  # START and HELP are single words
    ],
)
def test_b61_other_texts_are_no_command(words: str) -> None:
    assert parse_sms(words) == (SmsCommand.OTHER, "")
