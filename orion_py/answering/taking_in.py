"""Has a question's pictures encoded for the model that answers, where it sees."""

from __future__ import annotations

from collections.abc import Sequence

from orion_py.answering.ability import SEES
from orion_py.answering.infer_request import InferRequest
from orion_py.answering.reporting import Reporter
from orion_py.answering.services import Services
from orion_py.cancellation import CancelToken, ended_by
from orion_py.errors import LoadError, UnknownModel
from orion_py.registry.models import ModelEntry
from orion_py.runtime.loaded_model import LoadedModel
from orion_py.runtime.segments import Embeddings, Marked
from orion_py.senses.scenes.sight import Looked


def sees(entry: ModelEntry) -> bool:
    """Whether the registry says of a model that it takes pictures in."""
    return SEES in entry.capabilities


async def taken_in(
    request: InferRequest, model: LoadedModel, services: Services, report: Reporter, cancel: CancelToken
) -> Sequence[Embeddings | Marked]:
    """What ``model`` gets before the question's text: what the caller gave, and the pictures as it takes them in; its
    encoder is loaded for that if need be. Raises Cancelled, AttachmentMissing, AttachmentBroken, LoadError and
    RuntimeFailure."""
    form = model.manifest.sight
    if form is None or not request.options.images:
        return request.embedded
    from orion_py.senses.sight.encoder import encoded  # a start needn't wait for it

    # Half of the context is left to the question, what was said before and the answer.
    places = model.context // (2 * len(request.options.images))
    try:
        async with services.lend(form.encoder, cancel) as encoder:
            taken: list[Embeddings | Marked] = [*request.embedded]
            for number, name in enumerate(request.options.images, 1):
                picture = await ended_by(services.attachments.picture(name), cancel)
                report.looking(Looked(number, len(request.options.images)))
                taken.append(await encoded(encoder, form, picture, places, cancel))
            return taken
    except UnknownModel as error:
        raise LoadError(f"{model.manifest.model} can't see: its encoder {form.encoder} isn't here.") from error
