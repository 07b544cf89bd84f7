"""What torch.load finds in a .pt file that Facewright has written, and the hash of that file: node tools/reference/write_torch_file.ts FILE, then this with FILE."""
import base64
import hashlib
import json
import pathlib
import platform
import sys
import zipfile

import torch

path = pathlib.Path(sys.argv[1])
assert zipfile.ZipFile(path).testzip() is None
loaded = torch.load(path, weights_only=True)
mapped = torch.load(path, weights_only=True, mmap=True)
assert type(loaded).__name__ == 'OrderedDict'


def plain(tensor):
    assert tensor.is_contiguous()
    return {'dtype': str(tensor.dtype).removeprefix('torch.'), 'shape': list(tensor.shape), 'bytes': base64.b64encode(bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist())).decode()}


for name, tensor in loaded.items():
    assert plain(mapped[name]) == plain(tensor), name
out = pathlib.Path(__file__).resolve().parents[2] / 'libs/weights/src/fixtures/torch-written.json'
out.write_text(json.dumps({
    'command': 'node tools/reference/write_torch_file.ts written.pt && python tools/reference/torch_written.py written.pt',
    'versions': {'python': platform.python_version(), 'torch': torch.__version__},
    'seed': 'none: values stand in written-example.ts',
    'sha256': hashlib.sha256(path.read_bytes()).hexdigest(),
    'found': {name: plain(tensor) for name, tensor in loaded.items()},
}, indent=1, ensure_ascii=False) + '\n')
print(out)
