// Captioned pictures from lists and shards: ports of the nodes, safe in a browser.
import { defineNode, port } from '@facewright/core';

const limit = port.integer({ min: 0, max: 1_000_000, default: 0, help: 'Most pictures to read, in order; 0 reads all.' });
const broken = port.choice(['refuse', 'leave out'], {
  default: 'refuse',
  help: 'What happens when some cannot be read. refuse: nothing is given and all are listed. leave out: the others are given, and the log lists what is missing.',
});

export const pictureList = defineNode({
  type: 'facewright/picture-list',
  version: 1,
  title: 'Picture list',
  summary: 'Reads the pictures that a table names or holds, with their captions: JSONL, CSV, TSV or Parquet.',
  category: 'Pictures',
  inputs: {
    list: port.path({
      of: 'file',
      help: 'A .jsonl, .csv, .tsv or .parquet file with one picture a line. Paths in it are absolute or begin at the list; addresses of the web are not fetched. Parquet may hold the pictures themselves.',
    }),
    folder: port.optional(
      port.path({
        of: 'folder',
        help: 'Where the paths in the list begin; empty: the folder of the list. With a folder, pictures that change are read anew; without, only when the list does.',
      }),
    ),
    picture: port.text({
      default: '',
      help: 'Column with the picture or its path. Empty looks for image, file_name, path and the like.',
    }),
    caption: port.text({
      default: '',
      help: 'Column with the caption. Empty looks for caption, text, prompt and the like; pictures may go without.',
    }),
    key: port.text({
      default: '',
      advanced: true,
      help: 'Column with a name that no other picture has. Empty takes key or id where there is one, else the path as the list writes it.',
    }),
    limit,
    broken,
  },
  outputs: { images: port.images({ help: 'The pictures in the order of the list; one that is named again gets a number after its key.' }) },
  effects: 'reads',
});

export const webdataset = defineNode({
  type: 'facewright/webdataset',
  version: 1,
  title: 'WebDataset',
  summary: 'Reads captioned pictures out of tar shards, in which files of one name and different endings belong together.',
  category: 'Pictures',
  inputs: {
    path: port.path({ help: 'A .tar file, or a folder with some. Shards are streamed, so their size does not matter.' }),
    shards: port.text({
      default: '*.tar',
      help: 'Which files of the folder, such as *.tar, laion-0*.tar or {00000..00031}.tar; read in the order of their names.',
    }),
    captions: port.choice(['auto', 'txt', 'caption', 'json', 'none'], {
      default: 'auto',
      help: 'Ending of the file with the caption. auto takes the first that is there: .txt, .caption, .json.',
    }),
    field: port.text({ default: '', help: 'Name of the caption in .json. Empty looks for caption, text, prompt and the like.' }),
    limit,
    broken,
  },
  outputs: { images: port.images({ help: 'The pictures in the order of the shards, under the names that they have there.' }) },
  effects: 'reads',
});
