// A function's source as a tenant uploads it: an archive, which says by itself which language it is for.
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';

/** @param extraBytes of what no packer makes any smaller */
export const archiveOf = async (name: string, extraBytes: number): Promise<Buffer> => {
  const archive = pack();
  const packed = buffer(archive.pipe(createGzip({ level: 1 })));
  archive.entry({ name: 'package.json' }, '{"type":"module"}\n');
  archive.entry({ name: 'index.js' }, `export const handle = (data) => ({ name: '${name}', data });\n`);
  if (extraBytes > 0) archive.entry({ name: 'data.bin' }, randomBytes(extraBytes));
  archive.finalize();
  return packed;
};
