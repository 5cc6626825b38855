// Reads one HTTP/1.1 answer from bytes, strictly: an answer that is framed wrongly fails the case that asked for it.

export type RawResponse = {
  status: number;
  /** Lower-case names. A header that is sent twice fails: no answer here has one. */
  headers: Readonly<Record<string, string>>;
  body: Buffer;
  json: () => Record<string, unknown>;
};

type Framing = { bodyless: boolean; /** Nothing more will arrive. */ ended: boolean };
type Taken = { response: RawResponse; rest: Buffer };

const headersIn = (lines: readonly string[]): Record<string, string> => {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`The answer has a broken header: ${JSON.stringify(line)}`);
    if (headers.has(name.toLowerCase())) throw new Error(`The answer has the header ${name} twice`);
    headers.set(name.toLowerCase(), value);
  }
  return Object.fromEntries(headers);
};

/** The body of a chunked message and how many bytes it took; undefined while more must come. */
const chunked = (bytes: Buffer): { body: Buffer; length: number } | undefined => {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const size = bytes.toString('latin1', at, end);
    if (!/^[0-9a-f]+$/i.test(size)) throw new Error(`The answer has a chunk of size ${JSON.stringify(size)}`);
    const next = end + 2 + Number.parseInt(size, 16) + 2;
    if (bytes.length < next) return undefined;
    if (Number.parseInt(size, 16) === 0) return { body: Buffer.concat(parts), length: next };
    parts.push(bytes.subarray(end + 2, next - 2));
    at = next;
  }
};

const bodyOf = (
  bytes: Buffer,
  headers: Record<string, string>,
  framing: Framing,
): { body: Buffer; length: number } | undefined => {
  if (framing.bodyless) return { body: Buffer.alloc(0), length: 0 };
  if (headers['transfer-encoding'] === 'chunked') return chunked(bytes);
  const announced = headers['content-length'];
  // Without a length the body lasts until the connection ends (RFC 9112, section 6.3).
  if (announced === undefined) return framing.ended ? { body: bytes, length: bytes.length } : undefined;
  const length = Number(announced);
  return bytes.length < length ? undefined : { body: bytes.subarray(0, length), length };
};

/** The first answer in the bytes and what follows it; undefined while it is not complete. Interim answers (1xx) are passed over. */
export const takeResponse = (bytes: Buffer, framing: Framing): Taken | undefined => {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const [, digits] = /^HTTP\/1\.1 ([1-5]\d\d) [ -~]*$/.exec(statusLine) ?? [];
  if (digits === undefined) throw new Error(`The answer begins with ${JSON.stringify(statusLine.slice(0, 200))}`);
  const status = Number(digits);
  const after = bytes.subarray(end + 4);
  if (status < 200) return takeResponse(after, framing);
  const headers = headersIn(lines);
  const found = bodyOf(after, headers, { ...framing, bodyless: framing.bodyless || status === 204 || status === 304 });
  if (found === undefined) return undefined;
  const { body } = found;
  const json = (): Record<string, unknown> => JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  return { response: { status, headers, body, json }, rest: after.subarray(found.length) };
};
