"""Show-o: one transformer that answers questions about pictures and makes pictures from text.

    import showo

    model = showo.load()  # the model that comes with the package
    picture = model.generate("a glossy apple on a blue background", seed=1)[0]
    print(model.ask(picture, "what is in the picture?"))

A model never changes and may be used from any number of threads at once; what they compute goes through one engine, side by
side. The GIL is released meanwhile, and Ctrl-C stops between steps."""
import torch

from . import _showo

if torch.__version__.split("+")[0] != _showo.torch_version.split("+")[0]:
    raise ImportError(f"showo was built with torch {_showo.torch_version}, found {torch.__version__}: build it again (pip install .)")

from .chat import Chat
from .errors import Cancelled, EngineFull, Error, OptionError, UsageError
from .files import read_image, read_mask, shared_path
from .model import Model, ModelInfo, Step, Tokenizer, View, load
from .pending import Answer, Pending, TextStream
from .stories import Frame
from .training import Run, Training, curves, evaluate, start_train, train

__all__ = [
    "Answer", "Cancelled", "Chat", "EngineFull", "Error", "Frame", "Model", "ModelInfo", "OptionError", "Run", "Step", "Pending",
    "TextStream", "Tokenizer", "Training", "UsageError", "View", "curves", "evaluate", "load", "read_image", "read_mask", "shared_path",
    "start_train", "train",
]
