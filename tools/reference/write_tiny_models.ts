// Writes the tiny models of the specs where a reference script can open them: node tools/reference/write_tiny_models.ts FOLDER [INPUT_CHANNELS]
import { writeTinyModels } from '@facewright/pipelines/testing';

const [folder, inChannels = '4'] = process.argv.slice(2);
await writeTinyModels(folder!, { inChannels: Number(inChannels) });
