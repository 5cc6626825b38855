// Which digest an image name stands for, as a registry would know it.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { readJson, writeJson } from '../durable-file.ts';

export type ImageTag = {
  readonly image: string;
  /** `sha256:` and the name of the folder. */
  readonly digest: string;
  readonly buildId: string;
  readonly attempt: number;
  readonly builtAt: number;
};

/** File names end at 255 bytes; what makes a long name unique stands in its hash. */
const longestName = 180;

const fileOf = (folder: string, image: string): string => {
  const encoded = encodeURIComponent(image);
  if (encoded.length <= longestName) return join(folder, `${encoded}.json`);
  return join(folder, `${createHash('sha256').update(image).digest('hex')}-${encoded.slice(-100)}.json`);
};

/** The folder of an image, from its digest: `sha256:<64 hex digits>`. */
export const imageFolder = (images: string, digest: string): string => join(images, digest.replace(/^sha256:/, ''));

export const readTag = (folder: string, image: string): Promise<ImageTag | undefined> =>
  readJson<ImageTag>(fileOf(folder, image));

/** Resolves once it survives the death of the process; the newest build has the name. */
export const writeTag = (folder: string, tag: ImageTag): Promise<void> => writeJson(fileOf(folder, tag.image), tag);
