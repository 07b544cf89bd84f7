"""The authors' own networks of ImageReward, from the package image-reward 1.5; it needs transformers 4.48.3 or older, timm and fairscale, and none of what its __init__ would load."""
import importlib.metadata
import importlib.util
import sys
import types

spec = importlib.util.find_spec('ImageReward')
for name, place in (('ImageReward', ''), ('ImageReward.models', '/models'), ('ImageReward.models.BLIP', '/models/BLIP')):
    package = types.ModuleType(name)
    package.__path__ = [f'{spec.submodule_search_locations[0]}{place}']
    sys.modules[name] = package

from ImageReward.models.BLIP.med import BertConfig, BertModel  # noqa: E402
from ImageReward.models.BLIP.vit import VisionTransformer  # noqa: E402

package = types.SimpleNamespace(__name__='image-reward', __version__=importlib.metadata.version('image-reward'))
__all__ = ['BertConfig', 'BertModel', 'VisionTransformer', 'package']
