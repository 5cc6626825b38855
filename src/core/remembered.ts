// Answers of a pure function, kept: a digest costs more than looking it up, and most events are about functions that were named before.

/**
 * @param most answers that are kept; then all are forgotten, which costs only time
 * @param answer depends on nothing but its parts, none of which holds a NUL
 */
export const remembered = <T>(most: number, answer: (...parts: string[]) => T): ((...parts: string[]) => T) => {
  const known = new Map<string, T>();
  return (...parts) => {
    const name = parts.join('\0');
    const before = known.get(name);
    if (before !== undefined) return before;
    const made = answer(...parts);
    if (known.size >= most) known.clear();
    known.set(name, made);
    return made;
  };
};
