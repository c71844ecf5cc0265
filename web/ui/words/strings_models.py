"""Words about larger models, versions and added models. See ``strings.py``."""

MODELS = {
    # the line about what comes in the background
    "hydration": ("Coming in the background", "Arrive en arrière-plan"),
    "model_recommended": ("{model} (starts on this device)", "{model} (pour démarrer sur cet appareil)"),
    "hydration_model": ("{model}, a larger model, is on its way", "{model}, un modèle plus grand, arrive"),
    "hydration_update": (
        "A new version of {model} is on its way",
        "Une nouvelle version de {model} arrive",
    ),
    "hydration_coming": (
        "{model}, a larger model, is being built on this site’s server and will come by itself",
        "{model}, un modèle plus grand, est en construction sur le serveur de ce site et arrivera de lui-même",
    ),
    "hydration_busy": ("it waits while Orion answers", "il attend pendant qu’Orion répond"),
    "hydration_metered": (
        "{model} answers better ({size}). Data saver is on: it is downloaded only if you ask.",
        "{model} répond mieux ({size}). L’économiseur de données est actif : il n’est téléchargé qu’à votre demande.",
    ),
    "hydration_paused": (
        "{model} is paused; what has arrived is kept",
        "{model} est en pause ; ce qui est arrivé est conservé",
    ),
    "hydration_loading_model": ("{model} is being prepared", "{model} est en préparation"),
    "hydration_loading_update": (
        "The new version of {model} is being checked",
        "La nouvelle version de {model} est vérifiée",
    ),
    "hydration_ready_model": (
        "{model} is here: it answers from your next question on.",
        "{model} est là : il répond dès votre prochaine question.",
    ),
    "hydration_ready_update": (
        "The new version of {model} is here: it answers from your next question on.",
        "La nouvelle version de {model} est là : elle répond dès votre prochaine question.",
    ),
    "hydration_broken": (
        "The download of {model} broke off; it goes on after your next question",
        "Le téléchargement de {model} s’est interrompu ; il reprendra après votre prochaine question",
    ),
    "hydration_failed": ("{model} can’t be used here. {why}", "{model} n’est pas utilisable ici. {why}"),
    "hydration_cancel": ("No, thanks", "Non merci"),
    # settings
    "enable_full_models": (
        "Use larger models where this device allows",
        "Utiliser de plus grands modèles si l’appareil le permet",
    ),
    "models": ("Models", "Modèles"),
    "model_coming": (
        "{model} is still being prepared on this site; it will appear here by itself.",
        "{model} est encore en préparation sur ce site ; il apparaîtra ici de lui-même.",
    ),
    "versions_none": ("No model is kept on this device yet.", "Aucun modèle n’est encore conservé sur cet appareil."),
    "version_of": ("{model}, version {version}", "{model}, version {version}"),
    "version_back": ("Back to version {version}", "Revenir à la version {version}"),
    "version_check": ("Look for new versions", "Chercher de nouvelles versions"),
    "version_back_done": ("{model} is at version {version} again.", "{model} est revenu à la version {version}."),
    "model_choice": ("Who computes the answers", "Modèle qui répond"),
    "model_large": (
        "{model}: {size} to download, about {memory} of memory. It comes in the background and answers once it is "
        "here; until then a smaller one does.",
        "{model} : {size} à télécharger, environ {memory} de mémoire. Il arrive en arrière-plan et répond dès qu’il "
        "est là ; d’ici là, un plus petit répond.",
    ),
    "model_auto": ("As the agent prefers", "Au choix de l’agent"),
    "model_address": (
        "Add a model from the address of its folder",
        "Ajouter un modèle par l’adresse de son dossier",
    ),
    "model_hub": (
        "A Hugging Face id (owner/name) works, too.",
        "Un identifiant Hugging Face (auteur/nom) convient aussi.",
    ),
    "model_hub_how": (
        "For Hugging Face ids, this site has to be built with “--allow-origin https://huggingface.co”.",
        "Pour les identifiants Hugging Face, ce site doit être construit avec « --allow-origin "
        "https://huggingface.co ».",
    ),
    "model_inspect": ("Look", "Examiner"),
    "model_inspecting": ("Reading its description…", "Lecture de sa description…"),
    "model_offer": (
        "{model}: {family}, {size} to download, about {memory} of memory. Licence: {licence}. Source: {source}.",
        "{model} : {family}, {size} à télécharger, environ {memory} de mémoire. Licence : {licence}. "
        "Source : {source}.",
    ),
    "model_offer_file": ("File: {file}.", "Fichier : {file}."),
    "licence_unstated": ("not stated", "non indiquée"),
    "model_why": ("In detail: {why}", "En détail (en anglais) : {why}"),
    "model_add": ("Add it", "L’ajouter"),
    "model_added": (
        "Added. It is downloaded when you choose it above and ask a question.",
        "Ajouté. Il sera téléchargé quand vous le choisirez ci-dessus et poserez une question.",
    ),
    "model_remove": ("Remove", "Retirer"),
    "version_checking": (
        "Orion looks now; a newer version comes in the background.",
        "Orion cherche ; une version plus récente viendra en arrière-plan.",
    ),
}
