// Prints where libs/models expects every parameter in single files: what single_file_names.py has diffusers convert.
import { modelKinds, partsOf } from '@facewright/models/testing/single-files';

console.log(JSON.stringify(Object.fromEntries(modelKinds.map((kind) => [kind, partsOf(kind)]))));
