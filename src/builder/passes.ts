// Work that goes through all there is, of one name never twice at once.

/**
 * Resolves with a pass that began after the call. Who asks while one is under way gets the next, together with all who ask meanwhile:
 * the one under way may be past what they mean.
 */
export type Passes<T> = (name: string, pass: () => Promise<T>) => Promise<T>;

export const createPasses = <T>(): Passes<T> => {
  const underWay = new Map<string, { running: Promise<T>; next?: Promise<T> }>();
  const begin = (name: string, pass: () => Promise<T>): Promise<T> => {
    const running = pass().finally(() => {
      if (underWay.get(name)?.next === undefined) underWay.delete(name);
    });
    underWay.set(name, { running });
    return running;
  };
  return (name, pass) => {
    const before = underWay.get(name);
    if (before === undefined) return begin(name, pass);
    const next = (): Promise<T> => begin(name, pass);
    return (before.next ??= before.running.then(next, next));
  };
};
