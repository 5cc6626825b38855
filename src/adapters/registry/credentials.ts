// What a registry is shown, and from where: given directly, or looked up in a file as `docker login` writes it (a mounted Secret of type
// kubernetes.io/dockerconfigjson). The file is read each time, since tokens in it are renewed (those of ECR after twelve hours).
import { readFile } from 'node:fs/promises';
import { CodedError } from '../../core/errors.ts';

export type Credentials = { readonly username: string; readonly password: string };
export type FindCredentials = (host: string) => Promise<Credentials | undefined>;

type Entry = { auth?: unknown; username?: unknown; password?: unknown };

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const credentialsOf = ({ auth, username, password }: Entry): Credentials | undefined => {
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  if (typeof auth !== 'string') return undefined;
  const [name = '', ...rest] = Buffer.from(auth, 'base64').toString('utf8').split(':');
  return rest.length === 0 ? undefined : { username: name, password: rest.join(':') };
};

/** Keys of the file are host names, with a scheme or a path in older ones. */
const hostOf = (key: string): string => key.replace(/^https?:\/\//, '').replace(/\/.*$/, '');

/** `docker login` keeps those of Docker Hub under the host that its index once had. */
const isOf = (host: string, key: string): boolean =>
  hostOf(key) === host || (host === 'docker.io' && hostOf(key) === 'index.docker.io');

export const credentialsInFile =
  (path: string): FindCredentials =>
  async (host) => {
    let file: unknown;
    try {
      file = JSON.parse(await readFile(path, 'utf8'));
    } catch (cause) {
      throw new CodedError('REGISTRY_UNAVAILABLE', 'The credentials for the registry cannot be read', { cause });
    }
    const entries = isObject(file) && isObject(file.auths) ? Object.entries(file.auths) : [];
    const own = entries.find(([key]) => isOf(host, key))?.[1];
    return isObject(own) ? credentialsOf(own) : undefined;
  };

export const basic = ({ username, password }: Credentials): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
