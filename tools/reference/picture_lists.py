"""Captioned picture sets as public tools write them: Parquet by pyarrow (paths, and pictures inside as Hugging Face's sets have them), a webdataset shard by tarfile.
Files are gzipped and in base64. Writes libs/nodes/picture-list/src/fixtures/picture-lists.json:  python tools/reference/picture_lists.py   (needs pyarrow and pillow)"""
import base64
import gzip
import io
import json
import pathlib
import platform
import tarfile

import PIL
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def png(grey, size=(3, 2)):
    out = io.BytesIO()
    Image.new('RGB', size, (grey, grey, grey)).save(out, 'PNG')
    return out.getvalue()


def parquet(table, **options):
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return base64.b64encode(gzip.compress(out.getvalue(), mtime=0)).decode()


paths = [f'sub/{name}.png' for name in 'abcde']
texts = ['a man', 'a woman, 雨', None, 'a "quoted" girl', 'a boy']
inside = pa.array([{'bytes': png(10 * i), 'path': f'{i}.png'} for i in range(4)] + [{'bytes': None, 'path': 'sub/a.png'}],
                  pa.struct([('bytes', pa.binary()), ('path', pa.string())]))
# columns that are not asked for may be large and nested
vectors = pa.array([[float(i)] * 4 for i in range(5)])


def shard(format, long_name):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=format) as tar:
        def add(name, data):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        add('000000001.jpg', png(20))
        add('000000001.json', json.dumps({'caption': 'from json', 'key': '000000001', 'url': 'x', 'status': 'success'}).encode())
        add('000000001.txt', b' from txt \n')
        add('000000002.json', json.dumps({'TEXT': 'a field'}).encode())
        add('000000002.cls', b'7')
        add('000000002.png', png(30))
        add('v1.0/000000003.caption', 'Zoë'.encode())
        add('v1.0/000000003.webp', png(40))
        add(long_name + '.png', png(50))
        add('000000005.txt', b'no picture')
    return base64.b64encode(gzip.compress(out.getvalue(), mtime=0)).decode()


path = pathlib.Path(__file__).resolve().parents[2] / 'libs/nodes/picture-list/src/fixtures/picture-lists.json'
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text(json.dumps({
    'command': 'python tools/reference/picture_lists.py',
    'versions': {'python': platform.python_version(), 'pyarrow': pa.__version__, 'pillow': PIL.__version__},
    'parquet': {
        'paths, snappy, two rows a group': parquet(pa.table({'vector': vectors, 'file_name': paths, 'text': texts}), row_group_size=2),
        'paths, zstd, dictionaries': parquet(pa.table({'file_name': paths, 'vector': vectors, 'text': texts}), compression='zstd', use_dictionary=True),
        'pictures inside, gzip': parquet(pa.table({'image': inside, 'text': texts}), compression='gzip', row_group_size=3),
        'bytes alone': parquet(pa.table({'jpg': [png(70), png(80)], '__key__': ['x', 'y']})),
    },
    'texts': texts,
    'shards': {
        'gnu': shard(tarfile.GNU_FORMAT, 'a/' + 'long' * 40),
        'pax': shard(tarfile.PAX_FORMAT, 'a/' + 'länge' * 40),
    },
}, indent=1) + '\n')
print(path, path.stat().st_size)
