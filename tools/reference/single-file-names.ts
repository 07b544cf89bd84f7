// Prints where libs/models expects every parameter in single files: what single_file_names.py has diffusers convert.
import { modelKinds, partsOf } from '../../libs/models/src/single-file/testing/file-of.ts';

console.log(JSON.stringify(Object.fromEntries(modelKinds.map((kind) => [kind, partsOf(kind)]))));
