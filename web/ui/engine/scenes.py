"""Reads what the engine found in a question's pictures, and what an earlier page kept of it. Pure.

What is written in a picture decides its words, so nothing of this is trusted: whatever isn't of the expected form is
left out, and there is a limit to each part.
"""

MOST = 300
"""Findings of a picture that are shown and kept."""
CHARS = 200
"""Of a finding's words."""
KINDS = ("line", "object", "code")
PARTS = (
    ("lines", "line", "text", True),
    ("unsure_lines", "line", "text", False),
    ("objects", "object", "name", True),
    ("unsure_objects", "object", "name", False),
)
"""Of a scene as the engine tells it: (its name there, what its rows are, where their words are, whether it is sure)."""


def scenes_of(notes):
    """One for each picture, {width, height, found}: found are {kind, what, share, sure, box}, where a kind is of
    ``KINDS``, ``share`` how sure the engine is, 0 to 1 or None, and ``box`` four corners [x, y] in pixels, clockwise.
    [] where nothing was found in any."""
    told = notes.get("scenes") if isinstance(notes, dict) else None
    return _useful([_scene(each, _told(each)) for each in told] if isinstance(told, list) else [])


def kept_scenes(rows):
    """As ``scenes_of``, of what it made in an earlier visit."""
    if not isinstance(rows, list):
        return []
    return _useful([_scene(each, _list(each, "found")) for each in rows])


def _useful(scenes):
    return scenes if any([scene["found"] for scene in scenes]) else []


def _list(each, name):
    rows = each.get(name) if isinstance(each, dict) else None
    return rows if isinstance(rows, list) else []


def _told(scene):
    """The engine's findings in the form that is kept."""
    rows = []
    for name, kind, words, sure in PARTS:
        for row in _list(scene, name):
            if isinstance(row, dict):
                rows.append(_row(kind, row.get(words), row.get("confidence"), sure, row.get("box")))
    for row in _list(scene, "codes"):
        if isinstance(row, dict):
            label = str(row.get("kind") or "")
            rows.append(_row("code", label + ": " + str(row.get("text") or ""), None, True, row.get("box")))
    return rows


def _row(kind, what, share, sure, box):
    if isinstance(box, list) and len(box) == 4 and all([_is_number(side) for side in box]):
        left, top, right, bottom = box
        box = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return {"kind": kind, "what": what, "share": share, "sure": sure, "box": box}


def _scene(each, rows):
    sides = [each.get(side) if isinstance(each, dict) else None for side in ("width", "height")]
    if not all([_is_number(side) and side > 0 for side in sides]):
        return {"width": 1, "height": 1, "found": []}
    found = [_found(row) for row in rows if _is_finding(row)]
    return {"width": sides[0], "height": sides[1], "found": found[:MOST]}


def _found(row):
    share = row.get("share")
    return {
        "kind": row["kind"],
        "what": row["what"].strip()[:CHARS].strip(),
        "share": share if _is_number(share) and 0 <= share <= 1 else None,
        "sure": row.get("sure") is True,
        "box": row["box"],
    }


def _is_finding(row):
    if not isinstance(row, dict) or row.get("kind") not in KINDS:
        return False
    what, box = row.get("what"), row.get("box")
    if not isinstance(what, str) or not what.strip() or not isinstance(box, list) or len(box) != 4:
        return False
    return all(
        [isinstance(corner, list) and len(corner) == 2 and all([_is_number(x) for x in corner]) for corner in box]
    )


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e6
