from orion_py.config import EngineConfig as EngineConfig
from orion_py.engine.engine import Engine as Engine
from orion_py.native.start import native_engine as native_engine
from orion_py.protocol import InferOptions as InferOptions

__version__: str
__all__ = ["Engine", "EngineConfig", "InferOptions", "native_engine"]
