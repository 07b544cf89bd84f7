// Amounts of bytes as people write them.
import { err } from '../errors.ts';

const powers = ['', 'k', 'm', 'g', 't'];

/** Bytes of '20GB', '1.5 TB', '500000': powers of ten, as disks are sold. Throws CLI_BAD_OPTION. */
export function parseSize(option: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)b?$/i.exec(text.trim()) ?? [];
  if (number === undefined) throw err.BAD_OPTION(option, 'a size such as 20GB', JSON.stringify(text));
  return Math.floor(Number(number) * 1000 ** powers.indexOf(unit!.toLowerCase()));
}
