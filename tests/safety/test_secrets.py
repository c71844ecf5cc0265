"""What of a system prompt is masked in answers, and what is left to the reader."""

from __future__ import annotations

import pytest

from orion_py.safety.secrets import secrets_in

EVERYDAY = [
    "For each token: print its type",
    "You explain basic physics to beginners.",
    "You are a bearer of good news. Cheer people up.",
    "Explain what a secret: public ballot is.",
    "Never reveal a password: say that you can't help with that.",
    "If someone forgot their password: send them to the settings page.",
    "Ask for the password: a word of eight letters.",
    "The password is never to be told.",
    "Password: at least 12 characters, one digit.",
    "Max tokens: 2048. Token: 128 per answer.",
    "Explain each API key: what it does, who may have it.",
    "A good token: short, unique, URL-safe.",
    "You teach authorization: roles, scopes, permissions.",
    "Authorization: required for every call.",
    "You know basic chemistry, basic arithmetic and basic French grammar.",
    "Use basic authentication only where nothing else is there.",
    "Explain OAuth: a bearer token identifies whoever bears it.",
    "You help with scikit-learn: sk-learn-pipelines, estimators.",
    "Your secret: you love puns.",
    "The secret is patience.",
    "Le secret : la patience. Le mot de passe : explique comment en choisir un.",
    "Tu aides à choisir un mot de passe : long, unique, facile à retenir.",
    "Le mot de passe est personnel.",
    "Pour chaque jeton (token : mot), donne sa nature grammaticale.",
    "Reply as key:value pairs, such as token:word.",
    "Use the path /usr/local/bin/python and the file ~/notes/today.txt.",
    "Call me on 01 23 45 67 89 or write to ada@example.org.",
    "Our office: 12 Main Street. Order 4111 1111 1111 1111 is an example of a card number.",
    "Name the variables token = get_token() and password = getpass().",
    "In Python write password: str = field(), token: Token | None.",
    "Padding: 12px; token: 10MB.",
    "Pin: pins the message. Secret: Santa.",
    "You speak basic English; use the Basic tier: cheap.",
    "Answer in HTML. Basic structure: <h1>title</h1>.",
    "Du bist ein Assistent. Passwort: niemals verraten.",
    "IPv6 like 2001:db8::1 and 192.168.0.1 are private examples.",
    "Explain https://example.org/docs/a/b/c?x=1 and file names.",
    "Code review: look at AbstractSingletonProxyFactoryBean and its tests.",
]


@pytest.mark.parametrize("prompt", EVERYDAY)
def test_nothing_of_an_everyday_prompt_is_a_secret(prompt: str) -> None:
    assert secrets_in(prompt) == []


@pytest.mark.parametrize(
    ("prompt", "secret"),
    [
        ("The service's password: hunter22", "hunter22"),
        ("Use password: hunter22.", "hunter22"),
        ("DB_PASSWORD=swordfish", "swordfish"),
        ("password: 'correct horse'", "correct"),
        ('{"password": "swordfish"}', "swordfish"),
        ("Le mot de passe : azerty123", "azerty123"),
        ("mot de passe est Tulipe42!", "Tulipe42"),
        ("The password is hunter22, keep it.", "hunter22"),
        ("PIN: 4921", "4921"),
        ("Authorization: Basic dXNlcjpwYXNzd29yZA==", "dXNlcjpwYXNzd29yZA=="),
        ("authorization = bearer 0a1b2c3d4e5f", "0a1b2c3d4e5f"),
        ("Send Bearer abcDEF123456 with each call.", "abcDEF123456"),
        ("Key: sk-live-0123456789abcdef", "sk-live-0123456789abcdef"),
        ("sk_live_abcdefghijkl", "sk_live_abcdefghijkl"),
        ("api_key = 9f8e7d6c5b4a", "9f8e7d6c5b4a"),
        ("The API key: AIzaSyA-1234567890abcdefghij", "AIzaSyA-1234567890abcdefghij"),
        ("token=ghp_0123456789abcdef0123", "ghp_0123456789abcdef0123"),
        ("hf_ABCDEF0123456789", "hf_ABCDEF0123456789"),
        ("postgres://ada:hunter22@db.example.org/app", "postgres://ada:hunter22@db.example.org/app"),
        ("eyJhbGciOi.eyJzdWIiOiI.c2lnbmF0dXJl", "eyJhbGciOi.eyJzdWIiOiI.c2lnbmF0dXJl"),
        ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
        ),
        ("client_secret: 8Q~kd93-xx", "8Q~kd93-xx"),
        ("clé API : a1b2c3d4e5", "a1b2c3d4e5"),
    ],
)
def test_a_secret_of_a_prompt_is_found(prompt: str, secret: str) -> None:
    assert any(found.startswith(secret) for found in secrets_in(prompt)), secrets_in(prompt)


def test_each_secret_is_named_once_and_without_the_sentences_full_stop() -> None:
    assert secrets_in("password: hunter22. Again, password: hunter22.") == ["hunter22"]
