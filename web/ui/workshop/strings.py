"""Words of the workshop, which come with it. See ``words/strings.py``, whose table they join."""

WORKSHOP = {
    "workshop_about": (
        "Agents of your own: who they are, what they are asked, and if you like how they answer, in Python. "
        "They stay on this device.",
        "Vos propres agents : qui ils sont, ce qu’on leur demande et, si vous voulez, comment ils répondent, "
        "en Python. Ils restent sur cet appareil.",
    ),
    "own_agents": ("Your agents", "Vos agents"),
    "no_own_agents": ("None yet.", "Aucun pour l’instant."),
    "untitled_agent": ("Agent without a name", "Agent sans nom"),
    "edit_agent": ("Edit {name}", "Modifier {name}"),
    "delete_agent": ("Delete {name}", "Supprimer {name}"),
    "discard_agent": ("Discard the unsaved agent {name}", "Abandonner l’agent non enregistré {name}"),
    "unsaved": ("not saved yet", "pas encore enregistré"),
    "unsaved_changes": ("changes not saved", "modifications non enregistrées"),
    "examples_none": ("answers when chosen", "répond si on le choisit"),
    "examples_one": ("1 example", "1 exemple"),
    "examples_many": ("{count} examples", "{count} exemples"),
    "deleted_agent": ("{name} is deleted.", "{name} est supprimé."),
    "discarded_agent": ("{name} is discarded.", "{name} est abandonné."),
    "saved_agent": ("{name} is saved.", "{name} est enregistré."),
    "saved_examples": (
        "{name} is saved: questions like its examples go to it.",
        "{name} est enregistré : les questions proches de ses exemples lui sont confiées.",
    ),
    "save": ("Save", "Enregistrer"),
    "saving": ("Saving…", "Enregistrement…"),
    "discard": ("Discard", "Abandonner"),
    "discard_changes": ("Discard changes", "Abandonner les modifications"),
    "draft_found": (
        "You had not saved this; it is as you left it.",
        "Vous n’aviez pas enregistré ceci ; le voici tel quel.",
    ),
    "draft_not_kept": (
        "This window keeps nothing: save before you close it.",
        "Cette fenêtre ne garde rien : enregistrez avant de la fermer.",
    ),
    # the form
    "field_name": ("Name", "Nom"),
    "field_prompt": ("Prompt", "Consigne"),
    "hint_prompt": (
        "Who it is and how it answers, as you would tell a person.",
        "Qui il est et comment il répond, comme vous le diriez à quelqu’un.",
    ),
    "sample_prompt": (
        "You are a patient cook. You answer in short steps.",
        "Tu es un cuisinier patient. Tu réponds par petites étapes.",
    ),
    "field_examples": ("Examples", "Exemples"),
    "hint_examples": (
        "Questions meant for it, one a line. Without any, it answers only when you choose it.",
        "Des questions qui lui reviennent, une par ligne. Sans exemple, il ne répond que si vous le choisissez.",
    ),
    "sample_examples": (
        "What can I cook with two eggs?\nHow long does rice take?",
        "Que cuisiner avec deux œufs ?\nCombien de temps cuit le riz ?",
    ),
    "field_code": ("Python code", "Code Python"),
    "python_optional": ("Answer with Python (optional)", "Répondre en Python (facultatif)"),
    "python_lines": ("Answers with Python · {count} lines", "Répond en Python · {count} lignes"),
    "hint_code": (
        "Define async def respond(request, llm). request has query, history and locale; await llm(text) asks the "
        "model. It runs apart, without a network: 10 seconds of its own, 8 questions to the model.",
        "Définissez async def respond(request, llm). request a query, history et locale ; await llm(texte) interroge "
        "le modèle. Le code tourne à part, sans réseau : 10 secondes de calcul, 8 questions au modèle.",
    ),
    "hint_packages": (
        "It can import the standard library and numpy, bs4, dateutil, more_itertools, mpmath, networkx, slugify, "
        "sympy and tabulate.",
        "Il peut importer la bibliothèque standard et numpy, bs4, dateutil, more_itertools, mpmath, networkx, "
        "slugify, sympy et tabulate.",
    ),
    "hint_leave": (
        "Tab indents; Esc, then Tab, leaves the editor. Ctrl + Enter tries.",
        "Tab indente ; Échap puis Tab sort de l’éditeur. Ctrl + Entrée essaie.",
    ),
    "editor_starting": ("The editor is starting…", "L’éditeur démarre…"),
    "editor_plain": (
        "The editor couldn’t start; this box does the same.",
        "L’éditeur n’a pas pu démarrer ; cette zone fait le même travail.",
    ),
    "insert_code": ("Insert an example", "Insérer un exemple"),
    "sample_code": (
        "async def respond(request, llm):\n"
        '    yield "Step by step.\\n\\n"\n'
        "    async for piece in llm.stream(request.query, max_tokens=200):\n"
        "        yield piece\n",
        "async def respond(request, llm):\n"
        '    yield "Pas à pas.\\n\\n"\n'
        "    async for piece in llm.stream(request.query, max_tokens=200):\n"
        "        yield piece\n",
    ),
    # trying
    "try_title": ("Try it", "Essayer"),
    "field_question": ("A question", "Une question"),
    "try": ("Try", "Essayer"),
    "try_output": ("What the agent answers", "Ce que l’agent répond"),
    "try_needs_question": ("Write a question first.", "Écrivez d’abord une question."),
    "try_waiting": ("The model is thinking…", "Le modèle réfléchit…"),
    "try_writing": ("Answering…", "Il répond…"),
    "try_failed": ("It ended in an error.", "Cela s’est terminé par une erreur."),
    "try_silent": ("It ended without an answer.", "Il a fini sans répondre."),
    "try_time": (
        "Stopped: more than {own} seconds of its own, or {all} in all.",
        "Arrêté : plus de {own} secondes de calcul, ou {all} en tout.",
    ),
    # what is wrong
    "wrong_some": ("Not saved: see what is marked.", "Pas enregistré : voyez ce qui est signalé."),
    "wrong_name_missing": ("Give it a name.", "Donnez-lui un nom."),
    "wrong_name_long": ("At most {most} characters.", "{most} caractères au plus."),
    "wrong_name_taken": (
        "Another agent of yours has this name.",
        "Un autre de vos agents porte ce nom.",
    ),
    "wrong_too_many": (
        "{most} agents are the most; delete one first.",
        "{most} agents au plus ; supprimez-en d’abord un.",
    ),
    "wrong_prompt_missing": ("Say who it is and how it answers.", "Dites qui il est et comment il répond."),
    "wrong_prompt_long": (
        "{count} characters; at most {most}.",
        "{count} caractères ; {most} au plus.",
    ),
    "wrong_examples_many": ("{count} examples; at most {most}.", "{count} exemples ; {most} au plus."),
    "wrong_example_long": (
        "An example has at most {most} characters.",
        "Un exemple a au plus {most} caractères.",
    ),
    "wrong_code_long": ("At most {most} characters of code.", "{most} caractères de code au plus."),
    "wrong_code_respond": (
        "The code must define respond(request, llm).",
        "Le code doit définir respond(request, llm).",
    ),
}
