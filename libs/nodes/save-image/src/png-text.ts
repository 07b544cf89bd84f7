// Text inside PNG files, where picture viewers look for it.
import { crc32 } from 'node:zlib';

const utf8 = new TextEncoder();

/** The file with iTXt chunks (UTF-8, not compressed) after its header; `texts` by keyword. Source: PNG specification, third edition, 11.3.3.4. Any other file is given back as it is. */
export function withPngText(png: Uint8Array, texts: Readonly<Record<string, string>>): Uint8Array {
  // signature of 8 bytes, then the IHDR chunk: length, type, 13 bytes of data, checksum
  const headerEnd = 8 + 4 + 4 + 13 + 4;
  if (png[1] !== 0x50 || png[2] !== 0x4e || png[3] !== 0x47 || png.length < headerEnd) return png;
  const chunks = Object.entries(texts).map(([keyword, text]) =>
    chunk('iTXt', Buffer.concat([utf8.encode(keyword), Buffer.from([0, 0, 0, 0, 0]), utf8.encode(text)])),
  );
  return new Uint8Array(Buffer.concat([png.subarray(0, headerEnd), ...chunks, png.subarray(headerEnd)]));
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), whole.length - 4);
  return whole;
}
