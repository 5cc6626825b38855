// What a registry asks for when it answers 401 (RFC 9110, section 11.6.1; the token scheme is that of the distribution project).
export type Challenge =
  { readonly scheme: 'basic' } | { readonly scheme: 'bearer'; readonly realm: URL; readonly service?: string };

const longest = 8_192;
const token = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const parameter = new RegExp(`(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`, 'gy');
const separator = /[\s,]*/y;
const scheme = new RegExp(`(${token})(?=\\s|,|$)(?!\\s*=)`, 'y');

const at = (pattern: RegExp, text: string, position: number): RegExpExecArray | null => {
  pattern.lastIndex = position;
  return pattern.exec(text);
};

type Offer = { scheme: string; parameters: Map<string, string> };

type Part = { length: number; begins?: string; parameter?: [name: string, value: string] };

/** What stands at a position: the beginning of an offer, or a parameter of the one before. */
const partAt = (header: string, position: number): Part | undefined => {
  const begins = at(scheme, header, position);
  if (begins !== null) return { length: begins[0].length, begins: begins[0].toLowerCase() };
  const found = at(parameter, header, position);
  if (found === null) return undefined;
  const [whole, name = '', quoted, plain = ''] = found;
  return { length: whole.length, parameter: [name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain] };
};

/** One header may offer several schemes, each with its parameters, all of them parted by commas. */
const offersIn = (header: string): Offer[] => {
  const offers: Offer[] = [];
  for (let position = 0; position < header.length;) {
    position += at(separator, header, position)?.[0].length ?? 0;
    const part = partAt(header, position);
    if (part === undefined) break;
    if (part.begins !== undefined) offers.push({ scheme: part.begins, parameters: new Map() });
    if (part.parameter !== undefined) offers.at(-1)?.parameters.set(...part.parameter);
    position += part.length;
  }
  return offers;
};

/** The one that is understood; a token rather than a password. `undefined` if there is none. */
export const challengeOf = (header: string | null): Challenge | undefined => {
  const offers = offersIn((header ?? '').slice(0, longest));
  const bearer = offers.find((offer) => offer.scheme === 'bearer')?.parameters;
  const realm = URL.parse(bearer?.get('realm') ?? '');
  if (realm !== null) {
    const service = bearer?.get('service');
    return { scheme: 'bearer', realm, ...(service === undefined ? {} : { service }) };
  }
  return offers.some((offer) => offer.scheme === 'basic') ? { scheme: 'basic' } : undefined;
};
