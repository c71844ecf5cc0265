"""Tells which languages the models at hand were taught, and which larger one to wait for instead. Pure.

``rows``: the models of the status, which are those that this site has.
"""


def at_hand(state, chosen):
    """The model that would answer the next question, or None. ``chosen``: the one that the person wants asked
    and nothing else; a large one is waited for by nobody."""
    rows = {row.get("id"): row for row in state.device.get("models") or []}
    if chosen in rows and rows[chosen].get("offered") is not False and rows[chosen].get("tier") != "large":
        return chosen
    if state.model in rows:
        return state.model
    if state.load is not None and state.load.active and state.load.model in rows:
        return state.load.model
    recommended = state.device.get("recommended")
    if recommended in rows:
        return recommended
    for row in state.device.get("models") or []:
        return row.get("id")
    return None


def speaks(state, model, lang):
    """Whether ``model`` was taught ``lang``. Of one that nothing is said about nobody is warned."""
    languages = state.model_languages.get(model) or []
    return not languages or lang in languages


def better(state, model, lang):
    """The smallest other model that speaks ``lang`` and that this device may wait for, as its row, or None."""
    found = None
    for row in state.device.get("models") or []:
        fits = row.get("id") != model and row.get("offered") is not False and row.get("tier") != "large"
        if fits and lang in (row.get("languages") or []):
            if found is None or (row.get("download_bytes") or 0) < (found.get("download_bytes") or 0):
                found = row
    return found


def in_memory(state, model):
    return model in [row.get("model") for row in state.device.get("loaded") or []] or state.model == model
