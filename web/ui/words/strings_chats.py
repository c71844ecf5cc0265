"""Words about what is kept: conversations, drafts, other tabs."""

CHATS = {
    "more_conversations": ("Show more", "Afficher la suite"),
    "no_chat_room": (
        "This device has no room left for this conversation: it lasts until you close this page. "
        "Delete other conversations, or free some space.",
        "Il n’y a plus de place sur cet appareil pour cette conversation : elle dure jusqu’à la fermeture "
        "de cette page. Effacez d’autres conversations, ou libérez de l’espace.",
    ),
    "no_draft": (
        "This browser doesn’t keep what you type: it lasts until you close this page.",
        "Ce navigateur ne conserve pas ce que vous tapez : cela dure jusqu’à la fermeture de cette page.",
    ),
    "chat_deleted_elsewhere": (
        "This conversation was deleted in another tab.",
        "Cette conversation a été effacée dans un autre onglet.",
    ),
    "message_too_long": (
        "This message has {count} characters; at most {most} can be read at once. Shorten it, or send it in parts.",
        "Ce message compte {count} caractères ; {most} au plus peuvent être lus à la fois. "
        "Raccourcissez-le, ou envoyez-le en plusieurs fois.",
    ),
    "draft_too_long": (
        "A draft of more than {most} characters isn’t kept when this page closes.",
        "Un brouillon de plus de {most} caractères n’est pas conservé à la fermeture de cette page.",
    ),
    "draft_waits": (
        "Your draft is kept and comes back after this message.",
        "Votre brouillon est conservé et reviendra après ce message.",
    ),
    "draft_back": ("Back to the draft", "Revenir au brouillon"),
}
