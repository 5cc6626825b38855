// Where a letter is delivered to: the subscriber that failed, if its address is one we may call, else the broker.

export type DestinationRules = {
  /** `host`, `host:port` or `*.suffix`; see `parseAllowList`. */
  allowed: readonly string[];
  broker: URL;
  /** What becomes of a letter that names a destination which is not allowed. */
  unlisted: 'park' | 'broker';
};

export type Destination = { url: URL; isBroker: boolean } | { refused: string };

/** Entries separated by commas; in lower case. */
export const parseAllowList = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '');

const matches = (entry: string, { hostname, host }: URL): boolean => {
  // A final dot makes the same name absolute.
  const name = hostname.replace(/\.$/, '');
  if (entry.startsWith('*.')) return name.endsWith(entry.slice(1)) && name.length > entry.length - 1;
  return entry === name || entry === host;
};

const asUrl = (text: string): URL | undefined => {
  const url = /^https?:\/\//i.test(text) ? URL.parse(text) : null;
  return url ?? undefined;
};

export const chooseDestination = (named: string, rules: DestinationRules): Destination => {
  if (named === '') return { url: rules.broker, isBroker: true };
  const url = asUrl(named);
  const isAllowed = url?.username === '' && url.password === '' && rules.allowed.some((entry) => matches(entry, url));
  if (url !== undefined && isAllowed) return { url, isBroker: false };
  if (url?.href === rules.broker.href || rules.unlisted === 'broker') return { url: rules.broker, isBroker: true };
  return { refused: `The destination ${named.slice(0, 200)} is not on the allow list` };
};
