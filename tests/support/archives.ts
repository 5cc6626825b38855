// Archives byte by byte: a library would refuse to write what these are for.
import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

export type TarEntry = {
  name: string;
  /** The type flag of POSIX ustar: 0 file, 1 hard link, 2 symlink, 3 and 4 devices, 5 folder, 6 fifo, x and g pax headers. */
  type?: string;
  content?: string | Buffer;
  linkname?: string;
  mode?: number;
  /** What the header says, whatever the content is. */
  claimedSize?: number;
};

const blockSize = 512;
const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;

export const tarHeader = ({ name, type = '0', content = '', linkname = '', mode = 0o644, claimedSize }: TarEntry): Buffer => {
  const header = Buffer.alloc(blockSize);
  header.write(name, 0, 100, 'utf8');
  header.write(octal(mode, 8) + octal(0, 8) + octal(0, 8), 100, 'latin1');
  header.write(octal(claimedSize ?? Buffer.byteLength(content), 12) + octal(0, 12), 124, 'latin1');
  header.write(`        ${type}`, 148, 'latin1');
  header.write(linkname, 157, 100, 'utf8');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      7,
    ),
    148,
    'latin1',
  );
  return header;
};

export const tarEntry = (entry: TarEntry): Buffer => {
  const content = Buffer.from((entry.content ?? '') as string);
  return Buffer.concat([tarHeader(entry), content, Buffer.alloc((blockSize - (content.length % blockSize)) % blockSize)]);
};

export const tar = (entries: readonly TarEntry[]): Buffer =>
  Buffer.concat([...entries.map(tarEntry), Buffer.alloc(2 * blockSize)]);

export const tarGz = (entries: readonly TarEntry[]): Buffer => gzipSync(tar(entries), { level: 1 });

/** Gzip members one after the other are one file (RFC 1952, section 2.2): a bomb that costs nothing to make. */
export const repeatedGzip = (head: Buffer, repeated: Buffer, times: number): Buffer => {
  const member = gzipSync(repeated, { level: 9 });
  return Buffer.concat([...(head.length === 0 ? [] : [gzipSync(head)]), ...Array.from({ length: times }, () => member)]);
};

/** A pax record of POSIX: its length, with itself, then key=value. */
export const paxRecord = (key: string, value: string): string => {
  const rest = ` ${key}=${value}\n`;
  const digits = String(rest.length + String(rest.length).length).length;
  return `${rest.length + digits}${rest}`;
};

export type ZipEntry = {
  name: string;
  content?: string | Buffer;
  /** Unix mode with its type bits: 0o100644 is a file, 0o120777 a symlink. */
  mode?: number;
  encrypted?: boolean;
  /** What both headers say, whatever the content is. */
  claimedSize?: number;
};

const numbers = (...fields: [size: 2 | 4, value: number][]): Buffer => {
  const bytes = Buffer.alloc(fields.reduce((sum, [size]) => sum + size, 0));
  let at = 0;
  for (const [size, value] of fields) at = bytes.writeUIntLE(value, at, size);
  return bytes;
};

const made = (entry: ZipEntry, offset: number): { local: Buffer; central: Buffer } => {
  const { mode = 0o100644, content = '' } = entry;
  // Names are UTF-8 (APPNOTE 4.4.4, bit 11); without it, control characters would be pictures.
  const flags = 0x800 + (entry.encrypted === true ? 1 : 0);
  const [name, plain] = [Buffer.from(entry.name), Buffer.from(content as string)];
  const packed = plain.length > 64 ? deflateRawSync(plain) : plain;
  const method = plain.length > 64 ? 8 : 0;
  const size = entry.claimedSize ?? plain.length;
  const about = numbers(
    [2, 20],
    [2, flags],
    [2, method],
    [4, 0],
    [4, crc32(plain)],
    [4, packed.length],
    [4, size],
    [2, name.length],
  );
  const local = Buffer.concat([numbers([4, 0x04034b50]), about, numbers([2, 0]), name, packed]);
  const end = numbers([2, 0], [2, 0], [2, 0], [2, 0], [4, mode * 0x10000], [4, offset]);
  return { local, central: Buffer.concat([numbers([4, 0x02014b50], [2, 0x0314]), about, end, name]) };
};

export const zip = (entries: readonly ZipEntry[]): Buffer => {
  const [locals, centrals]: [Buffer[], Buffer[]] = [[], []];
  let offset = 0;
  for (const entry of entries) {
    const { local, central } = made(entry, offset);
    locals.push(local);
    centrals.push(central);
    offset += local.length;
  }
  const directory = Buffer.concat(centrals);
  const count = entries.length;
  const end = numbers([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, directory.length], [4, offset], [2, 0]);
  return Buffer.concat([...locals, directory, end]);
};
