// A program in a process of its own, for what only a whole process can show: signals, exit codes, the last line before a crash.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export type Ended = { code: number | null; signal: NodeJS.Signals | null; output: string };

/**
 * Runs the module to its end.
 * @param whenReady called once it has printed a line `ready`, with a function that sends it a signal and one that waits for a text
 */
export const runScript = async (
  source: string,
  whenReady: (send: (signal: NodeJS.Signals) => void, printed: (text: string) => Promise<void>) => Promise<void> | void = () =>
    undefined,
): Promise<Ended> => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
    const printed = async (text: string): Promise<void> => {
      while (!output.includes(text)) {
        await Promise.race([
          once(child.stdout, 'data'),
          closed.then(() => Promise.reject(new Error(`It ended without printing "${text}": ${output}`))),
        ]);
      }
    };
    if (whenReady.length > 0) {
      await printed('ready\n');
      await whenReady((signal) => void child.kill(signal), printed);
    }
    const [code, signal] = await closed;
    return { code, signal, output };
  } finally {
    child.kill('SIGKILL');
  }
};
