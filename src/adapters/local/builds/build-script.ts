// One build script as a process group whose output becomes lines; no process of it is left when it is over.
import { once } from 'node:events';
import { constants } from 'node:os';
import { createLineSplitter } from '../lines.ts';
import { startGroup } from '../process-group.ts';

export type Script = {
  /** Where the process group is noted while it runs. */
  processes: string;
  /** The script and its parameters, for `sh`. */
  command: readonly string[];
  cwd: string;
  env: Record<string, string>;
  /** When it fires, the whole group ends. */
  signal: AbortSignal;
  line: (text: string) => void;
};

/** Most tools end by themselves when asked; what does not is killed. */
const graceMs = 1_000;

/**
 * @returns the exit code; 128 + the signal's number, as a shell has it, when something else killed the script
 * @throws the signal's reason when it fires, once the group is gone
 */
export const runScript = async ({ processes, command, cwd, env, signal, line }: Script): Promise<number> => {
  signal.throwIfAborted();
  const group = startGroup(processes, ['sh', ...command], { cwd, env });
  for (const stream of [group.stdout, group.stderr]) {
    const splitter = createLineSplitter(line);
    stream.on('data', (chunk: Buffer) => splitter.write(chunk));
    void once(stream, 'close').then(() => splitter.end());
  }
  const stop = (): void => void group.stop(graceMs);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const { code, signal: killedBy, error } = await group.ended;
    await group.stop(0);
    signal.throwIfAborted();
    if (error !== undefined) throw error;
    return code ?? exitCodeOf(killedBy);
  } finally {
    signal.removeEventListener('abort', stop);
  }
};

const exitCodeOf = (killedBy: NodeJS.Signals | null): number => 128 + (killedBy === null ? 0 : constants.signals[killedBy]);
