// Writes the tiny models of the specs where a reference script can open them: node tools/reference/write_tiny_models.ts FOLDER [INPUT_CHANNELS] [KIND]
import { writeTinyModels, type TinyKind } from '@facewright/pipelines/testing';

const [folder, inChannels = '4', kind = 'sd1'] = process.argv.slice(2);
await writeTinyModels(folder!, { inChannels: Number(inChannels), kind: kind as TinyKind });
