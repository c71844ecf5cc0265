"""The page's words: each entry is (English, French). Read through ``i18n.Words``.

ERRORS is keyed by the codes of ``orion_py/errors.py``: (what happened, what to do).
FALLBACKS by ``kind:reason_code``, ``kind>to`` or ``kind``.
"""

from ui.words.strings_chats import CHATS
from ui.words.strings_engine import ENGINE
from ui.words.strings_models import MODELS

TEXT = {
    # composer and actions
    "message": ("Message", "Message"),
    "placeholder": ("Ask anything…", "Posez votre question…"),
    "send": ("Send", "Envoyer"),
    "stop": ("Stop", "Arrêter"),
    "copy": ("Copy", "Copier"),
    "copied": ("Copied", "Copié"),
    "copy_failed": ("The browser refused to copy", "Le navigateur a refusé la copie"),
    "copy_code": ("Copy code", "Copier le code"),
    "run_code": ("Run", "Exécuter"),
    "thought": ("What the model considered first", "Ce que le modèle a d’abord examiné"),
    "thinking_aloud": ("The model is reasoning…", "Le modèle réfléchit…"),
    "run_output": ("Output of the code", "Sortie du code"),
    "run_starting": (
        "Starting Python, apart from everything else…",
        "Démarrage de Python, à l’écart de tout le reste…",
    ),
    "run_running": ("Running…", "En cours…"),
    "run_waiting": ("The program waits for your input.", "Le programme attend votre saisie."),
    "run_input": ("Input of the program", "Saisie du programme"),
    "run_enter": ("Enter", "Valider"),
    "run_input_end": ("End of input", "Fin de saisie"),
    "run_done": ("Done.", "Terminé."),
    "run_silent": ("Done; the code printed nothing.", "Terminé ; le code n’a rien affiché."),
    "run_error": ("The code ended in an error.", "Le code s’est terminé par une erreur."),
    "run_time": ("Stopped: it ran longer than {seconds} seconds.", "Arrêté : plus de {seconds} secondes."),
    "run_output_full": ("Stopped: too much output.", "Arrêté : trop de sortie."),
    "run_stopped": ("Stopped.", "Arrêté."),
    "run_crash": ("Python couldn’t start or broke off.", "Python n’a pas pu démarrer ou s’est interrompu."),
    "agent_code_failed": (
        "The agent’s own Python failed; its prompt alone answered.",
        "Le Python de l’agent a échoué ; sa consigne seule a répondu.",
    ),
    "agent_code_time": (
        "The agent’s own Python took too long and was stopped; its prompt alone answered.",
        "Le Python de l’agent a pris trop de temps et a été arrêté ; sa consigne seule a répondu.",
    ),
    "regenerate": ("Ask again", "Reposer la question"),
    "retry": ("Retry", "Réessayer"),
    "edit": ("Edit", "Modifier"),
    "close": ("Close", "Fermer"),
    "reload": ("Reload", "Recharger"),
    "later": ("Later", "Plus tard"),
    "dismiss": ("Dismiss", "Ignorer"),
    "install": ("Install", "Installer"),
    "new_conversation": ("New conversation", "Nouvelle conversation"),
    "conversations": ("Conversations", "Conversations"),
    "settings": ("Settings", "Réglages"),
    "jump": ("Latest message", "Dernier message"),
    "skip": ("Skip to the message box", "Aller à la zone de message"),
    "log_label": ("Conversation", "Conversation"),
    "characters": ("{count} characters", "{count} caractères"),
    "keys_hint": (
        "Enter sends, Shift + Enter starts a new line, Esc stops.",
        "Entrée envoie, Maj + Entrée va à la ligne, Échap arrête.",
    ),
    "keys_hint_lines": (
        "Enter starts a new line; the Send button or Ctrl + Enter sends; Esc stops.",
        "Entrée va à la ligne ; le bouton Envoyer ou Ctrl + Entrée envoie ; Échap arrête.",
    ),
    "enter": ("The Enter key", "La touche Entrée"),
    "enter_auto": ("Fitted to this device", "Adaptée à cet appareil"),
    "enter_send": ("Sends the message", "Envoie le message"),
    "enter_line": ("Starts a new line", "Va à la ligne"),
    # who speaks
    "you": ("You", "Vous"),
    "orion": ("Orion", "Orion"),
    # status line
    "status_booting": ("Orion is waking up", "Orion se réveille"),
    "status_ready": ("Ready", "Prêt"),
    "status_degraded": ("Ready, with limits", "Prêt, avec des limites"),
    "status_failed": ("Orion couldn’t start", "Orion n’a pas pu démarrer"),
    "status_working": ("Working", "Au travail"),
    "status_fetching": ("The model is still on its way", "Le modèle est encore en route"),
    "status_loading": ("The model is being loaded", "Chargement du modèle"),
    "status_restarting": ("Orion is starting again", "Orion redémarre"),
    "private_note": (
        "Everything stays on this device.",
        "Tout reste sur cet appareil.",
    ),
    "backend_webgpu": ("graphics processor (WebGPU)", "processeur graphique (WebGPU)"),
    "backend_wasm": ("processor (WebAssembly)", "processeur (WebAssembly)"),
    "threads_one": ("1 thread", "1 fil"),
    "threads_many": ("{count} threads", "{count} fils"),
    # boot
    "boot_install": (
        "Putting Orion on this device, for use without a network",
        "Installation d’Orion sur cet appareil, pour s’en servir sans réseau",
    ),
    "boot_reload": ("One moment, the page reloads once", "Un instant, la page se recharge une fois"),
    "boot_python": ("Starting the engine", "Démarrage du moteur"),
    "boot_slow": (
        "Starting takes longer than usual on this device",
        "Le démarrage est plus long que d’habitude sur cet appareil",
    ),
    "files_done": ("{done} of {total} files", "{done} fichiers sur {total}"),
    # what a turn is doing
    "turn_progress": ("Progress of this answer", "Avancement de cette réponse"),
    "turn_queued": ("Waiting for the engine", "En attente du moteur"),
    "turn_validating": ("Reading the question", "Lecture de la question"),
    "turn_routing": ("Choosing who answers", "Choix de l’agent"),
    "turn_loading": ("Waiting for the model", "En attente du modèle"),
    "turn_thinking": ("Thinking", "Réflexion"),
    "turn_streaming": ("Writing", "Rédaction"),
    "turn_cancelled": ("Stopped", "Arrêté"),
    "turn_cut": (
        "The answer reached its greatest length and stops here.",
        "La réponse a atteint sa longueur maximale et s’arrête ici.",
    ),
    "turn_loop": (
        "The model kept repeating itself. The answer ends where the repetition began.",
        "Le modèle ne cessait de se répéter. La réponse s’arrête là où la répétition a commencé.",
    ),
    "turn_loop_again": (
        "The model began to repeat itself. The repetition was removed, and the answer was continued from there.",
        "Le modèle a commencé à se répéter. La répétition a été retirée et la réponse reprise à cet endroit.",
    ),
    "turn_timeout": (
        "The time for one answer ran out; it stops here.",
        "Le temps prévu pour une réponse est écoulé ; elle s’arrête ici.",
    ),
    "turn_interrupted": (
        "The page was closed before the end of this answer.",
        "La page a été fermée avant la fin de cette réponse.",
    ),
    "turn_restarted": (
        "The engine stopped and was started again; your question is asked once more.",
        "Le moteur s’était arrêté et a redémarré ; votre question est reposée.",
    ),
    "guard_injection": (
        "This message holds text that tries to change the assistant’s instructions. Read the answer with care.",
        "Ce message contient un texte qui cherche à changer les consignes de l’assistant. Lisez la réponse avec "
        "prudence.",
    ),
    "guard_harm": (
        "This subject can be dangerous. Read the answer with care, and check it.",
        "Ce sujet peut être dangereux. Lisez la réponse avec prudence et vérifiez-la.",
    ),
    "guard_self_harm": (
        "If life feels too heavy, there are people who listen, free of charge, day and night: 988 in the United "
        "States, 3114 in France, "
        "findahelpline.com elsewhere.",
        "Si la vie vous pèse trop, des personnes vous écoutent, gratuitement, jour et nuit : le 3114 en France, "
        "le 988 aux États-Unis, findahelpline.com ailleurs.",
    ),
    "details": ("Technical details", "Détails techniques"),
    "announce_answer": ("Answer: {text}", "Réponse : {text}"),
    "announce_stopped": ("Answer stopped", "Réponse arrêtée"),
    "guessed": (
        "{accepted} of {drafted} tokens guessed ahead were right",
        "{accepted} des {drafted} jetons devinés à l’avance étaient justes",
    ),
    "first_word": ("first word in {time}", "premier mot en {time}"),
    "read_before": (
        "{cached} of {prompt} tokens were read before the question",
        "{cached} jetons sur {prompt} étaient lus avant la question",
    ),
    "reason_title": ("Why this agent: {reason}", "Pourquoi cet agent : {reason}"),
    # the model's loading
    "phase_initializing": ("Preparing the model", "Préparation du modèle"),
    "phase_downloading": ("Downloading the model", "Téléchargement du modèle"),
    "phase_verifying": ("Checking what arrived", "Vérification de ce qui est arrivé"),
    "phase_loading_shard": ("Reading the model into memory", "Lecture du modèle en mémoire"),
    "phase_hydrating": ("Warming up", "Mise en route"),
    "phase_ready": ("The model is ready", "Le modèle est prêt"),
    "phase_paused": ("Paused. What was downloaded is kept.", "En pause. Ce qui est téléchargé est gardé."),
    "phase_failed": ("The model couldn’t be loaded", "Le modèle n’a pas pu être chargé"),
    "from_network": ("from the network, this once", "depuis le réseau, une seule fois"),
    "from_device": ("from this device", "depuis cet appareil"),
    "overall": ("Model loading", "Chargement du modèle"),
    "part": ("Part {number} of {total}, {role}", "Partie {number} sur {total}, {role}"),
    "parts": ("{done} of {total} parts", "{done} parties sur {total}"),
    "pause": ("Pause", "Pause"),
    "resume": ("Resume", "Reprendre"),
    "load_offer": (
        "Data saver is on: the model is downloaded with your first question, or now if you like.",
        "L’économiseur de données est actif : le modèle sera téléchargé à votre première question, ou tout de suite.",
    ),
    "load_now": ("Download it now", "Le télécharger maintenant"),
    # notices
    "update_ready": ("A new version of Orion is ready.", "Une nouvelle version d’Orion est prête."),
    "no_isolation": (
        "This page couldn’t be isolated, so Orion computes on one thread and answers more slowly.",
        "Cette page n’a pas pu être isolée : Orion calcule sur un seul fil et répond plus lentement.",
    ),
    "no_service_worker": (
        "This browser doesn’t let the page install itself: Orion works now, but not without the network.",
        "Ce navigateur n’autorise pas l’installation de la page : Orion fonctionne, mais pas sans réseau.",
    ),
    "no_indexeddb": (
        "This window can’t keep data: the model is downloaded again at the next visit.",
        "Cette fenêtre ne peut rien conserver : le modèle sera téléchargé de nouveau à la prochaine visite.",
    ),
    "no_history": (
        "This window can’t keep data: the conversation lasts until you close it.",
        "Cette fenêtre ne peut rien conserver : la conversation dure jusqu’à sa fermeture.",
    ),
    "no_workers": (
        "This browser can’t run module workers, which Orion’s engine needs. A current Firefox, Chrome, Edge or "
        "Safari can.",
        "Ce navigateur ne sait pas exécuter les « module workers » dont le moteur a besoin. Une version récente de "
        "Firefox, Chrome, Edge ou Safari le peut.",
    ),
    "boot_timeout": (
        "The engine didn’t answer in time. Reloading the page usually helps; your text is kept.",
        "Le moteur n’a pas répondu à temps. Recharger la page suffit d’habitude ; votre texte est gardé.",
    ),
    "boot_crashed": (
        "The engine stopped while starting. Reloading the page usually helps; your text is kept.",
        "Le moteur s’est arrêté pendant son démarrage. Recharger la page suffit d’habitude ; votre texte est gardé.",
    ),
    "engine_crashed": (
        "The engine stopped again and again. Reload the page; the conversation is kept.",
        "Le moteur s’arrête à répétition. Rechargez la page ; la conversation est gardée.",
    ),
    "engine_restarted": ("The engine had stopped and was started again.", "Le moteur s’était arrêté et a redémarré."),
    "offline": (
        "No network: Orion goes on working on this device.",
        "Pas de réseau : Orion continue de fonctionner sur cet appareil.",
    ),
    # settings
    "language": ("Language", "Langue"),
    "theme": ("Appearance", "Apparence"),
    "theme_auto": ("Same as the device", "Comme l’appareil"),
    "theme_light": ("Light", "Clair"),
    "theme_dark": ("Dark", "Sombre"),
    "style": ("Answers", "Réponses"),
    "style_auto": ("Left to the agent", "Au choix de l’agent"),
    "style_precise": ("Precise", "Précises"),
    "style_creative": ("Inventive", "Inventives"),
    "stream": ("Answers appear", "Les réponses apparaissent"),
    "stream_token": ("As they are written", "Au fil de l’écriture"),
    "stream_word": ("Word by word", "Mot par mot"),
    "stream_sentence": ("Sentence by sentence", "Phrase par phrase"),
    "typing": ("Typewriter pause", "Pause entre deux morceaux"),
    "typing_0": ("None", "Aucune"),
    "typing_20": ("Short", "Courte"),
    "typing_60": ("Medium", "Moyenne"),
    "typing_150": ("Long", "Longue"),
    "preload": ("Load the model when the page opens", "Charger le modèle à l’ouverture de la page"),
    "storage": ("On this device", "Sur cet appareil"),
    "storage_used": ("{used} kept for Orion", "{used} conservés pour Orion"),
    "storage_of": ("of {quota} allowed", "sur {quota} permis"),
    "storage_unknown": (
        "The browser doesn’t say how much is kept.",
        "Le navigateur n’indique pas ce qui est conservé.",
    ),
    "storage_persisted": ("The browser promised to keep it.", "Le navigateur a promis de le conserver."),
    "storage_temporary": (
        "The browser may clear it when space runs short.",
        "Le navigateur peut l’effacer si la place manque.",
    ),
    "storage_models": ("Models and router: {size}", "Modèles et routeur : {size}"),
    "storage_prefixes": ("Agents’ instructions, already read: {size}", "Consignes d’agents déjà lues : {size}"),
    "storage_none": ("No model is kept yet.", "Aucun modèle n’est encore conservé."),
    "persist": ("Ask to keep it", "Demander à le conserver"),
    "forget": ("Forget the model", "Effacer le modèle"),
    "forget_sure": ("Forget it? Press again.", "L’effacer ? Appuyez encore."),
    "forgotten": ("The model was removed from this device.", "Le modèle a été effacé de cet appareil."),
    "forget_chats": ("Delete all conversations", "Effacer toutes les conversations"),
    "forget_chats_sure": ("Delete them all? Press again.", "Tout effacer ? Appuyez encore."),
    "logs": ("Save the technical log", "Enregistrer le journal technique"),
    "logs_note": (
        "It holds no question and no answer, and goes nowhere but to your disk.",
        "Il ne contient ni question ni réponse et ne va que sur votre disque.",
    ),
    # a model that wasn't taught the person's language, and one that was
    "not_your_language": (
        "{model} has mostly learnt {languages}: its answers in English often make no sense.",
        "{model} a surtout appris {languages} : en français, ses réponses n’ont souvent pas de sens.",
    ),
    "larger_speaks": ("{model} speaks English.", "{model} parle français."),
    "wait_for": ("Wait for {model} ({size})", "Attendre {model} ({size})"),
    "waits_for": (
        "{model} is on its way. Your questions wait for it.",
        "{model} arrive. Vos questions l’attendent.",
    ),
    "wait_no_more": ("Don’t wait", "Ne pas attendre"),
    "language_en": ("English", "l’anglais"),
    "language_fr": ("French", "le français"),
    # conversations
    "no_conversations": ("No earlier conversation yet.", "Pas encore de conversation passée."),
    "untitled": ("Untitled", "Sans titre"),
    "delete_conversation": ("Delete “{title}”", "Effacer « {title} »"),
    "messages_count": ("{count} messages", "{count} messages"),
    "error_unknown": ("Something went wrong", "Un problème est survenu"),
}
TEXT.update(CHATS)
TEXT.update(ENGINE)
TEXT.update(MODELS)

AGENTS = {
    "conversation": ("Conversation", "Conversation"),
    "code": ("Code", "Code"),
    "creative": ("Creative writing", "Écriture"),
    "multilingual": ("Languages", "Langues"),
    "vision": ("Images", "Images"),
    "speech": ("Speech", "Parole"),
    "math": ("Calculation", "Calcul"),
    "logic": ("Reasoning", "Raisonnement"),
    "translation": ("Translation", "Traduction"),
    "summary": ("Summary", "Résumé"),
}

ERRORS = {
    "orion": (
        ("Something went wrong", "Un problème est survenu"),
        ("Try again, or reload the page.", "Réessayez, ou rechargez la page."),
    ),
    "invalid_input": (
        ("This message can’t be used", "Ce message ne peut pas être utilisé"),
        ("Change it and send it again.", "Modifiez-le et renvoyez-le."),
    ),
    "empty_query": (
        ("There is no question yet", "Il n’y a pas encore de question"),
        ("Type one first.", "Écrivez-en une d’abord."),
    ),
    "query_too_long": (
        ("This message is too long", "Ce message est trop long"),
        ("Shorten it, or send it in parts.", "Raccourcissez-le, ou envoyez-le en plusieurs fois."),
    ),
    "binary_input": (
        ("This looks like a file’s bytes, not like text", "Cela ressemble au contenu d’un fichier, pas à du texte"),
        ("Paste text instead.", "Collez plutôt du texte."),
    ),
    "blocked_by_guard": (
        ("Orion won’t answer this message", "Orion ne répond pas à ce message"),
        ("Put it in other words.", "Formulez-le autrement."),
    ),
    "harm_refused": (
        ("Orion doesn’t help to harm people", "Orion n’aide pas à faire du mal"),
        (
            "If this is a misunderstanding, put it in other words.",
            "Si c’est un malentendu, formulez-le autrement.",
        ),
    ),
    "self_harm_refused": (
        (
            "You matter, and you don’t have to carry this alone",
            "Vous comptez, et vous n’avez pas à porter cela sans aide",
        ),
        (
            "There are people who listen, free of charge, day and night: 988 in the United States (call or text), "
            "3114 in France, "
            "findahelpline.com elsewhere. In danger right now: 911, or 112 in Europe.",
            "Des personnes vous écoutent, gratuitement, jour et nuit : le 3114 en France, le 988 aux "
            "États-Unis, findahelpline.com ailleurs. En danger tout de suite : le 15 ou le 112.",
        ),
    ),
    "context_overflow": (
        ("The conversation is longer than the model can hold", "La conversation dépasse ce que le modèle peut retenir"),
        (
            "Start a new conversation, or shorten the message.",
            "Commencez une nouvelle conversation, ou raccourcissez le message.",
        ),
    ),
    "nothing_allowed": (
        (
            "The model can’t answer in the form that was asked for",
            "Le modèle ne peut pas répondre sous la forme demandée",
        ),
        (
            "Allow another form, or ask without one.",
            "Autorisez une autre forme, ou posez la question sans en imposer.",
        ),
    ),
    "invalid_config": (
        ("A setting is wrong", "Un réglage est incorrect"),
        ("Reload the page.", "Rechargez la page."),
    ),
    "invalid_registry": (
        ("The list of models is damaged", "La liste des modèles est abîmée"),
        (
            "The site’s models.json has to be corrected.",
            "Le fichier models.json du site est à corriger.",
        ),
    ),
    "newer_registry": (
        ("This page is older than the site’s list of models", "Cette page est plus ancienne que la liste des modèles"),
        ("Reload the page to update it.", "Rechargez la page pour la mettre à jour."),
    ),
    "invalid_model": (
        ("This model can’t be used as it is", "Ce modèle n’est pas utilisable tel quel"),
        ("Choose another model.", "Choisissez un autre modèle."),
    ),
    "invalid_manifest": (
        ("The model’s description is damaged", "La description du modèle est abîmée"),
        ("The model has to be built again on the site.", "Le modèle est à reconstruire sur le site."),
    ),
    "unknown_model": (
        ("This model isn’t on the site", "Ce modèle n’est pas sur le site"),
        ("Choose another one, or build it.", "Choisissez-en un autre, ou construisez-le."),
    ),
    "unsupported_model": (
        (
            "This folder isn’t in a layout that Orion can run",
            "Ce dossier n’est pas dans un format qu’Orion sait utiliser",
        ),
        (
            "Choose a Llama, Qwen2, Mistral or Gemma model with ONNX files, or import it with the foundry.",
            "Choisissez un modèle Llama, Qwen2, Mistral ou Gemma avec des fichiers ONNX, ou passez par la fonderie.",
        ),
    ),
    "invalid_model_folder": (
        (
            "This folder’s files are damaged, or aren’t what they say",
            "Les fichiers de ce dossier sont abîmés, ou ne sont pas ce qu’ils disent",
        ),
        (
            "Choose another model, or tell its author.",
            "Choisissez un autre modèle, ou prévenez son auteur.",
        ),
    ),
    "no_earlier_version": (
        ("There is no earlier version", "Il n’y a pas de version précédente"),
        (
            "The version before is kept once an update has taken over.",
            "La version précédente est gardée après une mise à jour.",
        ),
    ),
    "foreign_origin": (
        ("This page may not talk to that address", "Cette page n’a pas le droit de contacter cette adresse"),
        (
            "Put the model’s folder on this site, or build the site with --allow-origin and that address.",
            "Placez le dossier du modèle sur ce site, ou construisez le site avec --allow-origin et cette adresse.",
        ),
    ),
    "unknown_agent": (
        ("This agent doesn’t exist here", "Cet agent n’existe pas ici"),
        ("Choose another one.", "Choisissez-en un autre."),
    ),
    "protocol": (
        ("The page and the engine don’t match", "La page et le moteur ne s’accordent pas"),
        ("Reload the page.", "Rechargez la page."),
    ),
    "load_failed": (
        ("The model couldn’t be loaded", "Le modèle n’a pas pu être chargé"),
        ("Try again; what was downloaded is kept.", "Réessayez ; ce qui est téléchargé est gardé."),
    ),
    "download_failed": (
        ("The download broke off", "Le téléchargement s’est interrompu"),
        (
            "Check the connection and try again; what was downloaded is kept.",
            "Vérifiez la connexion et réessayez ; ce qui est téléchargé est gardé.",
        ),
    ),
    "runner_missing": (
        (
            "The model is here, but nothing on this device can compute it now",
            "Le modèle est là, mais rien sur cet appareil ne peut le faire tourner",
        ),
        (
            "Connect to the internet and try again: what is missing is downloaded once and kept.",
            "Connectez-vous à internet et réessayez : ce qui manque est téléchargé une fois et gardé.",
        ),
    ),
    "shard_corrupt": (
        ("A part of the model is damaged", "Une partie du modèle est abîmée"),
        ("Try again: only that part is fetched anew.", "Réessayez : seule cette partie est reprise."),
    ),
    "shard_missing": (
        ("A part of the model is missing", "Une partie du modèle manque"),
        ("Try again: only that part is fetched anew.", "Réessayez : seule cette partie est reprise."),
    ),
    "quota_exceeded": (
        ("There is no room left for the model", "Il n’y a plus de place pour le modèle"),
        (
            "Free some disk space, or allow this site to store more, and try again.",
            "Libérez de la place, ou autorisez ce site à stocker plus, puis réessayez.",
        ),
    ),
    "storage_unavailable": (
        ("This browser doesn’t let the page keep data", "Ce navigateur ne laisse pas la page garder des données"),
        ("The model stays in memory only.", "Le modèle reste seulement en mémoire."),
    ),
    "out_of_memory": (
        ("Memory ran out", "La mémoire ne suffit pas"),
        ("Close other tabs and try again.", "Fermez d’autres onglets et réessayez."),
    ),
    "load_timeout": (
        ("Loading took too long", "Le chargement a pris trop de temps"),
        ("Try again; what was downloaded is kept.", "Réessayez ; ce qui est téléchargé est gardé."),
    ),
    "runtime_failure": (
        ("The model stopped while answering", "Le modèle s’est arrêté en répondant"),
        ("Ask again; the model is being restarted.", "Reposez la question ; le modèle redémarre."),
    ),
    "backend_unavailable": (
        ("This way of computing isn’t available", "Ce mode de calcul n’est pas disponible"),
        ("Try again: another one will be used.", "Réessayez : un autre sera utilisé."),
    ),
    "worker_died": (
        ("The model’s worker stopped", "Le processus du modèle s’est arrêté"),
        ("Ask again; it has been replaced.", "Reposez la question ; il a été remplacé."),
    ),
    "device_lost": (
        ("The graphics processor is no longer available", "Le processeur graphique n’est plus disponible"),
        ("Ask again; the processor takes over.", "Reposez la question ; le processeur prend le relais."),
    ),
    "golden_mismatch": (
        ("This device gets wrong results from the model", "Cet appareil obtient de faux résultats du modèle"),
        (
            "Ask again; another way of computing will be used.",
            "Reposez la question ; un autre mode de calcul sera utilisé.",
        ),
    ),
    "inference_timeout": (
        ("The answer took too long", "La réponse a pris trop de temps"),
        ("Ask again, or ask for less.", "Reposez la question, ou demandez moins."),
    ),
    "too_large": (
        ("The model is larger than the memory allowed", "Le modèle dépasse la mémoire permise"),
        (
            "Choose a larger profile in the settings, or a smaller model.",
            "Choisissez un profil plus généreux dans les réglages, ou un modèle plus petit.",
        ),
    ),
    "unavailable": (
        ("This can’t be used right now", "Ceci n’est pas utilisable en ce moment"),
        ("Wait a moment and try again.", "Attendez un instant et réessayez."),
    ),
    "circuit_open": (
        (
            "This model failed or was too slow several times in a row and rests",
            "Ce modèle a échoué ou a été trop lent plusieurs fois et se repose",
        ),
        ("It is tried again soon; wait half a minute.", "Il sera réessayé bientôt ; attendez une demi-minute."),
    ),
    "queue_full": (
        ("Too many questions wait already", "Trop de questions attendent déjà"),
        (
            "Wait for an answer, or stop one, and ask again.",
            "Attendez ou arrêtez une réponse, puis reposez la question.",
        ),
    ),
    "deadline_exceeded": (
        ("No answer came in the time allowed", "Aucune réponse n’est venue dans le temps accordé"),
        ("Allow more time, or ask for less.", "Accordez plus de temps, ou demandez moins."),
    ),
    "queue_timeout": (
        ("The question waited too long", "La question a attendu trop longtemps"),
        ("Other answers took too long; ask again.", "D’autres réponses ont pris trop de temps ; reposez la question."),
    ),
    "cancelled": (("Stopped", "Arrêté"), ("", "")),
    "illegal_transition": (
        ("The engine is in an impossible state", "Le moteur est dans un état impossible"),
        ("Reload the page.", "Rechargez la page."),
    ),
    "engine_closed": (
        ("The engine is closed", "Le moteur est arrêté"),
        ("Reload the page.", "Rechargez la page."),
    ),
}

FALLBACKS = {
    "backend": ("Orion now computes in another way.", "Orion a changé de mode de calcul."),
    "backend>wasm": (
        "No graphics processor can be used here: Orion computes on the processor.",
        "Aucun processeur graphique utilisable ici : Orion calcule sur le processeur.",
    ),
    "backend>kernel": (
        "No graphics processor can be used here: Orion computes on the processor.",
        "Aucun processeur graphique utilisable ici : Orion calcule sur le processeur.",
    ),
    "kernel": (
        "Orion’s own kernel can’t compute this here: onnxruntime takes its place, more slowly.",
        "Le noyau d’Orion ne peut pas faire ce calcul ici : onnxruntime prend sa place, plus lentement.",
    ),
    "kernel:golden_mismatch": (
        "Orion’s own kernel gave wrong results on this device: onnxruntime takes its place, more slowly.",
        "Le noyau d’Orion donnait des résultats faux sur cet appareil : onnxruntime prend sa place, plus lentement.",
    ),
    "kernel:circuit_open": (
        "Orion’s own kernel failed several times in a row and rests: onnxruntime takes its place, more slowly.",
        "Le noyau d’Orion a échoué plusieurs fois de suite et se repose : onnxruntime le remplace, plus lentement.",
    ),
    "kernel:download_failed": (
        "Orion’s own kernel couldn’t be downloaded: onnxruntime takes its place, more slowly.",
        "Le noyau d’Orion n’a pas pu être téléchargé : onnxruntime le remplace, plus lentement.",
    ),
    "simd": (
        "Orion’s kernel goes on without relaxed SIMD here, a little more slowly.",
        "Le noyau d’Orion se passe ici du SIMD « relaxed », un peu plus lentement.",
    ),
    "simd:golden_mismatch": (
        "With relaxed SIMD Orion’s kernel gave wrong results: it goes on without, a little more slowly.",
        "Avec le SIMD « relaxed », le noyau d’Orion donnait des résultats faux : il s’en passe, un peu plus lentement.",
    ),
    "onnxruntime": (
        "onnxruntime can’t compute this here: Orion’s own kernel takes its place.",
        "onnxruntime ne peut pas faire ce calcul ici : le noyau d’Orion prend sa place.",
    ),
    "onnxruntime:download_failed": (
        "onnxruntime isn’t on this device and can’t be downloaded now: Orion’s own kernel takes its place.",
        "onnxruntime n’est pas sur cet appareil et ne peut être téléchargé : le noyau d’Orion prend sa place.",
    ),
    "backend:golden_mismatch": (
        "The graphics processor gave wrong results: Orion computes on the processor.",
        "Le processeur graphique donnait des résultats faux : Orion calcule sur le processeur.",
    ),
    "backend:device_lost": (
        "The graphics processor is no longer available: Orion goes on with the processor.",
        "Le processeur graphique n’est plus disponible : Orion continue avec le processeur.",
    ),
    "threads": (
        "Orion computes on one thread here and answers more slowly.",
        "Orion calcule ici sur un seul fil et répond plus lentement.",
    ),
    "threads:worker_died": (
        "A thread that was to help isn’t there: Orion computes on one and answers more slowly.",
        "Un fil d’aide au calcul manque : Orion calcule sur un seul et répond plus lentement.",
    ),
    "version": (
        "The new version doesn’t work here: the one before answers.",
        "La nouvelle version ne fonctionne pas ici : la précédente répond.",
    ),
    "model:too_large": (
        "The larger model needs more memory than it may use here: the smaller one answers.",
        "Le grand modèle demande plus de mémoire qu’il ne lui en est permis ici : le petit répond.",
    ),
    "model": ("A smaller model answers in its place.", "Un modèle plus petit répond à sa place."),
    "model:out_of_memory": (
        "Memory is short: a smaller model answers.",
        "La mémoire est limitée : un modèle plus petit répond.",
    ),
    "model:circuit_open": (
        "The usual model failed or was too slow several times in a row and rests: another one answers.",
        "Le modèle habituel a échoué ou a été trop lent plusieurs fois et se repose : un autre répond.",
    ),
    "agent": (
        "The agent that fits has no model here: another one answers.",
        "L’agent qui conviendrait n’a pas de modèle ici : un autre répond.",
    ),
    "memory": (
        "Memory is short: other models made room for this one.",
        "La mémoire est limitée : d’autres modèles ont cédé leur place.",
    ),
    "cache": (
        "Memory is short: the conversation is kept in 8 bits, which takes half the room.",
        "La mémoire est limitée : la conversation est gardée en 8 bits, deux fois moins encombrants.",
    ),
    "backend:circuit_open": (
        "This way of computing failed or was too slow several times and is paused: another one is used.",
        "Ce mode de calcul a échoué ou a été trop lent plusieurs fois ; il est suspendu et un autre est utilisé.",
    ),
    "router": (
        "The trained router can’t be used now: agents are chosen by keywords.",
        "Le routeur entraîné n’est pas utilisable : les agents sont choisis d’après des mots-clés.",
    ),
    "context": (
        "Older messages were left out, to fit the model’s memory.",
        "Les messages les plus anciens sont laissés de côté, faute de place dans le modèle.",
    ),
    "storage": (
        "This window can’t keep the model: it stays in memory only.",
        "Cette fenêtre ne peut pas garder le modèle : il reste seulement en mémoire.",
    ),
    "settings": (
        "The browser can’t keep changes to the settings now: they last for this visit.",
        "Le navigateur ne peut pas garder les réglages pour l’instant : ils valent pour cette visite.",
    ),
    "storage:quota_exceeded": (
        "There is no room to keep the model: it stays in memory only.",
        "Il n’y a pas de place pour garder le modèle : il reste seulement en mémoire.",
    ),
    "worker": (
        "The model’s worker stopped and was replaced.",
        "Le processus du modèle s’était arrêté ; il est remplacé.",
    ),
}
