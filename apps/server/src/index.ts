// The server, and what the command line shares with it: the data folder, the host of runs in process, the installed nodes.
export { createAccessStore, scopes, type AccessStore, type Scope } from './access/access-store.ts';
export { extensionOf, type AssetStore } from './asset-store.ts';
export { checkGraph } from './check-graph.ts';
export { openDataFolder, PROJECT_FOLDER, type DataFolder } from './data-folder.ts';
export { err } from './errors.ts';
export { BUILTIN_NODES, loadNodes } from './load-nodes.ts';
export { type Forecast } from './cost-book.ts';
export { foretellRun, type ForetoldRun } from './foretell-run.ts';
export { createLocalHost, type LocalHostOptions } from './local-host.ts';
export { createLog, logLevels, silentLog, type Log, type LogLevel } from './observe/log.ts';
export { decodeLayers, decodePicture, encodePng } from './picture-codec.ts';
export { startServer, type RunningServer, type ServerOptions } from './start-server.ts';
export { writeWhole } from './write-file.ts';
export { collectGarbage } from './storage/collect-garbage.ts';
export { examine } from './storage/doctor.ts';
export { measureStorage } from './storage/measure-storage.ts';
