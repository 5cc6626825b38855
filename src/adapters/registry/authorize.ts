// The answer to a registry's challenge. Credentials go to the registry itself and to token servers that the operator named, and nowhere
// else, whatever the challenge says.
import type { BoundedFetch } from './bounded-fetch.ts';
import { unavailable } from './bounded-fetch.ts';
import type { Challenge } from './challenge.ts';
import { basic, type Credentials } from './credentials.ts';

export type Authorization = { readonly header: string; readonly validUntil: number };

export type TokenOptions = {
  /** `host[:port]` of the registry. */
  readonly host: string;
  readonly tokenHosts: readonly string[];
  readonly plainHttp: boolean;
  readonly fetch: BoundedFetch;
  readonly signal: AbortSignal;
  readonly now: () => number;
};

const asHeader = /^[\x21-\x7e]{1,16384}$/;
const shortestValidity = 60;
const longestValidity = 3_600;
const maxTokenBytes = 64 * 1024;

const checkRealm = ({ realm }: Challenge & { scheme: 'bearer' }, { host, tokenHosts, plainHttp }: TokenOptions): void => {
  const known = realm.host === host || tokenHosts.includes(realm.host);
  const safe = realm.protocol === 'https:' || (plainHttp && realm.protocol === 'http:');
  if (known && safe && realm.username === '' && realm.password === '') return;
  throw unavailable(`The registry sends for its token to ${realm.protocol}//${realm.host.slice(0, 200)}, which is not allowed`);
};

const tokenIn = (body: Buffer): { token: string; seconds: number } | undefined => {
  try {
    const answer = JSON.parse(body.toString('utf8')) as Record<string, unknown> | null;
    const token = answer?.token ?? answer?.access_token;
    if (typeof token !== 'string' || !asHeader.test(token)) return undefined;
    const seconds = typeof answer?.expires_in === 'number' ? answer.expires_in : shortestValidity;
    return { token, seconds: Math.min(Math.max(seconds, shortestValidity), longestValidity) };
  } catch {
    return undefined;
  }
};

/** Asks for no more than to pull this repository, whatever scope the challenge names. */
export const authorize = async (
  challenge: Challenge,
  repository: string,
  credentials: Credentials | undefined,
  options: TokenOptions,
): Promise<Authorization> => {
  if (challenge.scheme === 'basic') {
    if (credentials === undefined) throw unavailable('The registry asks for credentials and there are none');
    return { header: basic(credentials), validUntil: options.now() + shortestValidity * 1000 };
  }
  checkRealm(challenge, options);
  const url = new URL(challenge.realm);
  if (challenge.service !== undefined) url.searchParams.set('service', challenge.service);
  url.searchParams.set('scope', `repository:${repository}:pull`);
  const headers: Record<string, string> = credentials === undefined ? {} : { authorization: basic(credentials) };
  const { status, body } = await options.fetch(url, { method: 'GET', headers, maxBytes: maxTokenBytes, signal: options.signal });
  if (status !== 200) throw unavailable(`The registry's token server answered ${status}`);
  const found = tokenIn(body);
  if (found === undefined) throw unavailable('The registry gave no token that can be used');
  // A token that ends while the request is on its way is worth nothing.
  return { header: `Bearer ${found.token}`, validUntil: options.now() + (found.seconds - 10) * 1000 };
};
