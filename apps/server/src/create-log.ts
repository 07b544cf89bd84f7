// The log: lines for people on a terminal, JSON otherwise.
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';

export const createLog = (terminal: boolean): Logger =>
  terminal ? pino(pretty({ sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' })) : pino();
