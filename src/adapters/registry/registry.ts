// Which image stands behind a name: the OCI distribution API, as far as one question needs it.
import { hash } from 'node:crypto';
import { authorize, type Authorization } from './authorize.ts';
import { unavailable, withRetries, type Answer } from './bounded-fetch.ts';
import { challengeOf } from './challenge.ts';
import type { FindCredentials } from './credentials.ts';
import { imageReference, isDigest, type ImageReference } from './image-reference.ts';

export type RegistryOptions = {
  readonly credentials?: FindCredentials;
  /** HTTP without TLS, for a registry inside the cluster or on this machine. */
  readonly plainHttp?: boolean;
  /** Token servers beside the registry itself that may see the credentials: `auth.docker.io`. */
  readonly tokenHosts?: readonly string[];
  /** For the whole question, with all its requests. */
  readonly timeoutMs?: number;
  readonly retryPausesMs?: readonly number[];
  readonly now?: () => number;
};

export type Registry = {
  /** The digest (`sha256:…`) that the name stands for, `undefined` if there is no such image. REGISTRY_UNAVAILABLE otherwise. */
  findImage(image: string): Promise<string | undefined>;
};

const accepted = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

/** The limit for manifests that the distribution specification asks registries to keep. */
const maxManifestBytes = 4 * 1024 * 1024;

/** The answer to HEAD, unless it lacks the digest; then that of GET, whose bytes the digest is of. */
const digestOf = (method: 'GET' | 'HEAD', { headers, body }: Answer): string | undefined => {
  const announced = headers.get('docker-content-digest') ?? '';
  if (method === 'HEAD') return isDigest(announced) ? announced : undefined;
  const digest = `sha256:${hash('sha256', body)}`;
  if (isDigest(announced) && announced !== digest) throw unavailable('The registry announced another digest than it sent');
  return digest;
};

export const createRegistry = (options: RegistryOptions = {}): Registry => {
  const { plainHttp = false, timeoutMs = 10_000, now = Date.now } = options;
  const fetch = withRetries(options.retryPausesMs ?? [200, 800]);
  /** By registry and repository: a handful, since the platform has one of each. */
  const authorizations = new Map<string, Authorization>();

  const ask = async (method: 'GET' | 'HEAD', image: ImageReference, signal: AbortSignal): Promise<Answer> => {
    const { server: host, repository, reference } = image;
    const url = new URL(`${plainHttp ? 'http' : 'https'}://${host}/v2/${repository}/manifests/${reference}`);
    const place = `${host}/${repository}`;
    const send = (authorization?: Authorization): Promise<Answer> => {
      const headers = { accept: accepted, ...(authorization === undefined ? {} : { authorization: authorization.header }) };
      return fetch(url, { method, headers, maxBytes: maxManifestBytes, signal });
    };
    const known = authorizations.get(place);
    const first = await send(known !== undefined && known.validUntil > now() ? known : undefined);
    if (first.status !== 401) return first;
    const challenge = challengeOf(first.headers.get('www-authenticate'));
    if (challenge === undefined) throw unavailable('The registry asks for what is not understood here');
    const credentials = await options.credentials?.(image.host);
    const tokenHosts = options.tokenHosts ?? [];
    const authorization = await authorize(challenge, repository, credentials, {
      host,
      tokenHosts,
      plainHttp,
      fetch,
      signal,
      now,
    });
    authorizations.set(place, authorization);
    return send(authorization);
  };

  return {
    findImage: async (name) => {
      const image = imageReference(name);
      const signal = AbortSignal.timeout(timeoutMs);
      for (const method of ['HEAD', 'GET'] as const) {
        const answer = await ask(method, image, signal);
        if (answer.status === 404) return undefined;
        // Not every registry answers HEAD.
        if (method === 'HEAD' && (answer.status === 405 || answer.status === 501)) continue;
        if (answer.status !== 200) throw unavailable(`The registry answered ${answer.status}`);
        const digest = digestOf(method, answer);
        if (digest !== undefined) return digest;
      }
      throw unavailable('The registry gave no digest');
    },
  };
};
