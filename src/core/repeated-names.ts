// CloudEvents: each attribute appears at most once. JSON.parse keeps the last of two members with one name and says nothing, so
// another reader may have judged the first one.

const backslash = 0x5c;
const quote = 0x22;
const [openObject, openArray, closeObject, closeArray, colon, comma] = [0x7b, 0x5b, 0x7d, 0x5d, 0x3a, 0x2c];

const endOfString = (json: Buffer, start: number): number => {
  let end = start + 1;
  while (end < json.length && json[end] !== quote) end += json[end] === backslash ? 2 : 1;
  return end;
};

const nameIn = (text: string): string => (text.includes('\\') ? (JSON.parse(text) as string) : text.slice(1, -1));

/**
 * Names that an object at that depth gives twice, by its place in the array around it (0 when there is none).
 * @param json valid JSON in UTF-8
 */
export const repeatedNames = (json: Buffer, depth: 1 | 2): Map<number, string> => {
  const repeated = new Map<number, string>();
  const names = new Set<string>();
  let [level, place, start, end] = [0, 0, 0, 0];
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === quote) {
      start = i;
      end = endOfString(json, i);
      i = end;
    } else if (byte === openObject || byte === openArray) level++;
    else if (byte === closeObject || byte === closeArray) level--;
    else if (byte === comma && level === depth - 1) {
      place++;
      names.clear();
    } else if (byte === colon && level === depth) {
      const name = nameIn(json.toString('utf8', start, end + 1));
      if (names.has(name)) repeated.set(place, name);
      names.add(name);
    }
  }
  return repeated;
};
