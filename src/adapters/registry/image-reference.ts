// An image name taken apart. The patterns are those of the OCI distribution specification, so that no part can lead a URL elsewhere.
const host = '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?';
const repository = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*';
const tag = '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}';
const digest = 'sha256:[0-9a-f]{64}';

const pattern = new RegExp(`^(${host})/(${repository})(?::(${tag})|@(${digest}))$`);
const onlyDigest = new RegExp(`^${digest}$`);

export type ImageReference = {
  /** As the name begins, and as credentials are looked up. */
  readonly host: string;
  /** Who serves it: Docker Hub's images are named by another host. */
  readonly server: string;
  readonly repository: string;
  /** A tag or a digest. */
  readonly reference: string;
};

export const isDigest = (value: string): boolean => onlyDigest.test(value);

/** @throws Error if it names no host, no repository, or neither a tag nor a digest */
export const imageReference = (image: string): ImageReference => {
  const [, found, repository, tag, digest] = (image.length <= 1_000 ? pattern.exec(image) : null) ?? [];
  const reference = tag ?? digest;
  if (found === undefined || repository === undefined || reference === undefined) {
    throw new Error(`"${image.slice(0, 200)}" is no name of an image with its registry and tag`);
  }
  return { host: found, server: found === 'docker.io' ? 'registry-1.docker.io' : found, repository, reference };
};
