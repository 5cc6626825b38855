// Installing and building, with what the tool said when it fails.
import { spawn } from 'node:child_process';

export function runCommand(
  folder: string,
  command: string,
  parameters: readonly string[],
  environment: Record<string, string> = {},
): Promise<void> {
  const child = spawn(command, parameters, {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${parameters.join(' ')} ended with ${code}\n${Buffer.concat(said).toString('utf8')}`));
    });
  });
}
