"""Lists how letters begin and end, and the examples that the model follows, in English and French."""

from __future__ import annotations

import re

SYSTEM = {
    False: "You write letters that are ready to send, in the words of the person who asks. Say all that the person "
    "wants said, and make nothing up.",
    True: "Tu écris des lettres prêtes à envoyer, avec les mots de la personne qui demande. Dis tout ce qu'elle veut "
    "dire, et n'invente rien.",
}
_TITLES = re.compile(r"^(Mr|Mrs|Ms|Miss|Dr|Prof|M|Mme|Mlle)\.? ")
FAMILY = "grandma|grandpa|nana?|granny|grandad|mum|dad|mamie|papi|papy|maman|papa|tata|tonton"
"""A pattern of what people call theirs by."""
_OF_THE_FAMILY = re.compile(rf"(?:{FAMILY}|aunt|uncle)", re.IGNORECASE)
_SPELLED = {"M": "Monsieur", "Mr": "Monsieur", "Mme": "Madame", "Mlle": "Mademoiselle", "Dr": "Docteur"}


def greeting(recipient: str, email: bool, french: bool) -> str:
    """The first line, for ``recipient`` by name or "" for one who isn't named."""
    if not recipient:
        return (
            ("Bonjour," if email else "Madame, Monsieur,") if french else ("Hello," if email else "Dear Sir or Madam,")
        )
    if not french:
        return f"Dear {recipient},"
    title = _TITLES.match(recipient)
    if title and title[1] in _SPELLED:
        recipient = f"{_SPELLED[title[1]]} {recipient[title.end() :]}"
    return f"Bonjour {recipient},"


def closing(sender: str, recipient: str, french: bool) -> str:
    """The last lines. Without a ``sender`` there is no line to be filled in."""
    if _OF_THE_FAMILY.match(recipient):
        words = "Bises" if french else "Love"
    elif recipient and not _TITLES.match(recipient):
        words = "Bien à toi" if french else "Best wishes"
    else:
        words = "Cordialement" if french else "Kind regards"
    return words + (f",\n{sender}" if sender else ",")


_BOILER = (
    "Write to my landlord Mrs Hale. The boiler has been broken since Monday, and I want it repaired by Friday. "
    "Sign it Tom Reed."
)
_BOILER_FR = (
    "Écris à ma propriétaire Mme Hallier. La chaudière est en panne depuis lundi, je veux qu'elle soit réparée avant "
    "vendredi. Signé Tom Rey."
)
_PARTY = (
    "Can you write to Anna? We can't come to her party on 3 May because we are in Wales. Invite "
    "her for tea in June. Sam."
)
_PARTY_FR = (
    "Peux-tu écrire à Anna ? On ne peut pas venir à sa fête du 3 mai car on est en Bretagne. "
    "Invite-la à prendre le thé "
    "en juin. Sami."
)
_BODY = (
    "Dear Mrs Hale,\n\nThe boiler in my flat has been broken since Monday, and I have no hot water. Could you please "
    "have it repaired by Friday?\n\nThank you for your help.\n\nKind regards,\nTom Reed"
)
_BODY_FR = (
    "Bonjour Madame Hallier,\n\nLa chaudière de mon appartement est en panne depuis lundi et je n'ai "
    "plus d'eau chaude. "
    "Pourriez-vous la faire réparer avant vendredi ?\n\nMerci d'avance pour votre aide.\n\nCordialement,\nTom Rey"
)
_DECLINE = (
    "Dear Anna,\n\nThank you very much for inviting us to your party on 3 May. I'm sorry, but we "
    "can't come, as we shall "
    "be in Wales. Would you like to come to us for tea in June?\n\nKind regards,\nSam"
)
_DECLINE_FR = (
    "Bonjour Anna,\n\nMerci beaucoup de nous avoir invités à ta fête du 3 mai. Nous sommes désolés, "
    "mais nous ne pourrons "
    "pas venir, car nous serons en Bretagne. Veux-tu venir prendre le thé chez nous en juin ?\n\nCordialement,\nSami"
)
EXAMPLES: dict[bool, dict[bool, tuple[tuple[str, str], ...]]] = {
    False: {
        False: ((_BOILER, _BODY), (_PARTY, _DECLINE)),
        True: ((_BOILER, f"Subject: Broken boiler\n\n{_BODY}"), (_PARTY, f"Subject: Your party\n\n{_DECLINE}")),
    },
    True: {
        False: ((_BOILER_FR, _BODY_FR), (_PARTY_FR, _DECLINE_FR)),
        True: (
            (_BOILER_FR, f"Objet : Chaudière en panne\n\n{_BODY_FR}"),
            (_PARTY_FR, f"Objet : Ta fête\n\n{_DECLINE_FR}"),
        ),
    },
}
"""By French or not, and by e-mail or not."""
OF_EXAMPLES = {
    False: frozenset(("boiler", "water", "landlord", "hale", "reed", "anna", "wales", "tea")),
    True: frozenset(("chaudiere", "eau", "proprietaire", "hallier", "rey", "anna", "bretagne", "the")),
}
"""What only the examples speak of, without accents and case: in a letter on anything else it was copied."""
