#!/usr/bin/env python3
"""A conversation with signed or encrypted parts stays with the account and the model that made them; where it cannot, nothing that
others signed is sent on, and the client is told. Before providers that refuse what they did not sign themselves."""
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from binding_provider import KEYS, MODELS, SWAPPED, Binding, Conversation, binding_gateway  # noqa: E402
from gateway import Cases, running, wait_until  # noqa: E402

# The client's dialect and the provider's: the same, whose bytes pass untouched, and others, where the gateway seals.
PAIRS = [("anthropic", "anthropic"), ("responses", "responses"), ("openai", "openai"), ("responses", "anthropic"), ("anthropic", "responses")]
CROSS = [pair for pair in PAIRS if pair[0] != pair[1]]


def served(conversation, provider, status=200):
    """One turn: (key, model, what was signed in it, what the client was told)."""
    got, headers, document = conversation.ask()
    assert got == status, (conversation.dialect, conversation.name, got, document)
    return (*provider.requests[-1], headers.get("x-steelyard-dropped-fields", ""))


def restart(gateway, catalog=None):
    assert gateway.stop() == 0
    if catalog:
        gateway.write("models.yaml", catalog)
    gateway.start()


def test_many_conversations_on_two_keys_stay_each_with_its_own():
    for client, dialect in PAIRS:
        provider = Binding(dialect)
        gateway = binding_gateway({"one": provider})
        with running(provider, gateway):
            talks = [Conversation(gateway, client, f"talk {i}") for i in range(8)]
            first = {}
            for turn in range(3):
                for talk in talks:
                    key, model, signed, told = served(talk, provider)
                    assert first.setdefault(talk.name, key) == key, (client, dialect, talk.name)
                    assert model == "claude-cheap-5" and len(signed) == turn and not told, (client, dialect, signed, told)
            assert set(first.values()) == set(KEYS), first
            assert provider.wrong == 0


def test_after_a_restart_the_history_says_where_it_belongs():
    """Another process with the same keys, whose price list would now choose the other model."""
    for client, dialect in (*CROSS, ("anthropic", "anthropic"), ("responses", "responses")):
        provider = Binding(dialect)
        opaque = client == dialect == "responses"  # nobody can read it: what is remembered has to be kept
        gateway = binding_gateway({"one": provider}, more="ledger: { directory: ledger }" if opaque else "")
        with running(provider, gateway):
            talks = [Conversation(gateway, client, f"talk {i}") for i in range(4)]
            before = {talk.name: served(talk, provider)[0] for talk in talks}
            restart(gateway, SWAPPED)
            for talk in talks:
                key, model, signed, told = served(talk, provider)
                assert (key, model) == (before[talk.name], "claude-cheap-5"), (client, dialect, key, model)
                assert len(signed) == 1 and not told, (client, dialect, told)
            assert provider.wrong == 0
            fresh = Conversation(gateway, client, "another")
            assert served(fresh, provider)[1] == "claude-dear-5", "what has no history goes where it is cheapest"


def test_a_client_that_names_another_model_leaves_the_state_behind():
    for client, dialect, stream in [(*pair, False) for pair in PAIRS] + [("anthropic", "anthropic", True)]:
        provider = Binding(dialect)
        gateway = binding_gateway({"one": provider})
        with running(provider, gateway):
            talk = Conversation(gateway, client, "talk", "claude-cheap-5", stream)
            served(talk, provider)
            served(talk, provider)
            talk.model = "claude-dear-5"
            _, model, signed, told = served(talk, provider)
            assert model == "claude-dear-5" and not signed and "thinking" in told, (client, dialect, signed, told)
            _, model, signed, told = served(talk, provider)
            assert model == "claude-dear-5" and len(signed) == 1, (client, dialect, "its own goes back, the old do not", signed)
            assert "thinking" in told, (client, dialect, told)
            talk.model = "claude-cheap-5"
            _, model, signed, told = served(talk, provider)
            assert model == "claude-cheap-5" and len(signed) == 2, (client, dialect, "back again: what it made itself", signed)
            assert "thinking" in told and provider.wrong == 0, (client, dialect, told)


def test_a_history_from_elsewhere_goes_to_the_model_that_is_asked_for_whole():
    """One prompt, tried on two models: the second's conversation went on where this gateway did not see it."""
    for dialect in ("anthropic", "responses", "openai"):
        provider = Binding(dialect, quiet=True)
        gateway = binding_gateway({"one": provider}, keys=KEYS[:1])
        with running(provider, gateway):
            served(Conversation(gateway, dialect, "talk", "claude-cheap-5"), provider)
            elsewhere = Binding(dialect, quiet=True)
            other = binding_gateway({"one": elsewhere}, keys=KEYS[:1])
            talk = Conversation(other, dialect, "talk", "claude-dear-5")
            with running(elsewhere, other):
                served(talk, elsewhere)
            provider.made.update(elsewhere.made)
            talk.gateway = gateway
            for turn in (1, 2):
                _, model, signed, told = served(talk, provider)
                assert model == "claude-dear-5" and len(signed) == turn and not told, (dialect, model, signed, told)
            assert provider.wrong == 0


def test_what_else_goes_on_in_the_same_session_moves_nothing():
    """A title by a small model, a sub-agent, another window: they share the session's name."""
    for client, dialect in PAIRS:
        provider = Binding(dialect)
        gateway = binding_gateway({"one": provider})
        with running(provider, gateway):
            main = Conversation(gateway, client, "main", "claude-dear-5", session="s1")
            for turn in range(3):
                title = Conversation(gateway, client, f"title {turn}", "claude-cheap-5", session="s1")
                _, model, signed, told = served(main, provider)
                assert model == "claude-dear-5" and len(signed) == turn and not told, (client, dialect, signed, told)
                assert served(title, provider)[1] == "claude-cheap-5"
            assert provider.wrong == 0


def test_a_limited_key_is_waited_for_and_a_refused_one_is_left():
    for client, dialect in PAIRS:
        provider = Binding(dialect)
        gateway = binding_gateway({"one": provider})
        with running(provider, gateway):
            talk = Conversation(gateway, client, "talk")
            own = served(talk, provider)[0]
            provider.refused = {own: (429, {"retry-after": "90"}, "rate_limit_error")}
            for _ in range(2):  # the provider says so, then the gateway, which has heard it
                status, headers, document = talk.ask()
                assert status == 429 and 0 < int(headers["retry-after"]) <= 90, (client, dialect, status, headers, document)
            assert [r[0] for r in provider.requests[-1:]] == [own], "no other key was tried with what this one signed"
            assert len(provider.requests) == 2, provider.requests
            fresh = [Conversation(gateway, client, f"fresh {i}") for i in range(4)]
            assert {served(one, provider)[0] for one in fresh} == set(KEYS) - {own}
        provider = Binding(dialect)
        gateway = binding_gateway({"one": provider})
        with running(provider, gateway):
            talk = Conversation(gateway, client, "talk")
            own = served(talk, provider)[0]
            provider.refused = {own: (429, {"retry-after": "1"}, "rate_limit_error")}
            status, headers, document = talk.ask()
            # By default a second is waited for, once; the provider still says no.
            assert status == 429, (status, document)
            provider.refused = {}
            time.sleep(1.1)
            key, _, signed, told = served(talk, provider)
            assert key == own and len(signed) == 1 and not told, (client, dialect, key, told)
            provider.refused = {own: (401, {}, "authentication_error")}
            key, _, signed, told = served(talk, provider)
            assert key != own and not signed and "thinking" in told, (client, dialect, key, told)
            key, _, signed, told = served(talk, provider)
            assert key != own and len(signed) == 1 and "thinking" in told, (client, dialect, "the new key's own", signed)
            assert provider.wrong == 0


def test_a_parked_provider_is_waited_for_and_nobody_else_gets_the_conversation():
    for client, dialect in PAIRS:
        one, two = Binding(dialect), Binding(dialect)
        gateway = binding_gateway({"one": one, "two": two}, keys=KEYS[:1])
        with running(one, two, gateway):
            talk = Conversation(gateway, client, "talk")
            served(talk, one)
            assert len(one.requests) == 1 and not two.requests
            one.refused = {KEYS[0]: (429, {"retry-after": "2"}, "rate_limit_error")}
            fresh = Conversation(gateway, client, "fresh")
            served(fresh, two)  # parks `one`
            asked = len(one.requests)
            begun = time.monotonic()
            status, headers, document = talk.ask()
            if time.monotonic() - begun < 1:
                assert status == (529 if client == "anthropic" else 503), (client, dialect, status, document)
                assert "left alone" in str(document) and headers["retry-after"] in "12", (headers, document)
            assert len(one.requests) == asked and len(two.requests) == 1, "moved, or asked although it wanted peace"
            one.refused = {}
            wait_until(lambda: talk.ask()[0] == 200, 10, "it never came back")
            assert len(two.requests) == 1 and one.wrong == 0 and len(one.requests[-1][2]) == 1, (client, dialect, one.requests)


def test_state_that_nobody_knows_is_left_out_once_it_was_refused():
    """A history from elsewhere: the bytes pass, their provider refuses them, and the request goes on without."""
    for dialect in ("anthropic", "responses"):
        provider, elsewhere = Binding(dialect, quiet=True), Binding(dialect, quiet=True)
        gateway, other = binding_gateway({"one": provider}, keys=KEYS[:1]), binding_gateway({"one": elsewhere}, keys=["sk-elsewhere"])
        with running(provider, elsewhere, gateway, other):
            talk = Conversation(other, dialect, "talk")
            served(talk, elsewhere)
            talk.gateway = gateway
            _, _, signed, told = served(talk, provider)
            assert not signed and "thinking" in told and provider.wrong == 1, (dialect, signed, told)
            _, _, signed, told = served(talk, provider)
            assert len(signed) == 1 and "thinking" in told and provider.wrong == 1, (dialect, "not asked twice", signed)
            receipt = gateway.receipts(2)[0]
            assert receipt["facts"]["signed_blocks"] and len(receipt["attempts"]) == 2, receipt


def test_keys_of_one_account_stand_in_for_each_other():
    for client, dialect in PAIRS:
        provider = Binding(dialect)
        provider.made.default_factory = lambda account=set(): account  # noqa: B006 - whatever the key, one account signs
        gateway = binding_gateway({"one": provider})
        gateway_text = (gateway.folder / "gateway.yaml").read_text()
        with running(provider, gateway):
            gateway.write("gateway.yaml", gateway_text.replace("keys: [\"${env:TEST_KEY_0}", "one_account: true, keys: [\"${env:TEST_KEY_0}"))
            restart(gateway)
            talk = Conversation(gateway, client, "talk")
            own = served(talk, provider)[0]
            provider.refused = {own: (429, {"retry-after": "90"}, "rate_limit_error")}
            key, _, signed, told = served(talk, provider)
            assert key != own and len(signed) == 1 and not told, (client, dialect, key, signed, told)


assert MODELS != SWAPPED
if __name__ == "__main__":
    Cases(globals()).run()
