// A function process for the length of a suite, or of one test.
import { afterAll, beforeAll } from '@jest/globals';
import { startFunction, type FunctionProcess } from '../harness/function-process.ts';
import type { Subject } from '../describe-template.ts';

export function runningForSuite({ language, root }: Subject, environment: Record<string, string> = {}): () => FunctionProcess {
  let running: FunctionProcess | undefined;
  beforeAll(async () => {
    running = await startFunction(language.name, root(), { environment });
  }, 30_000);
  afterAll(async () => {
    await running?.stop();
  });
  return () => {
    if (running === undefined) throw new Error('the function is not running');
    return running;
  };
}

export async function withFunction<T>(
  { language, root }: Subject,
  environment: Record<string, string>,
  use: (running: FunctionProcess) => Promise<T>,
): Promise<T> {
  const running = await startFunction(language.name, root(), { environment });
  try {
    return await use(running);
  } finally {
    await running.stop();
  }
}
