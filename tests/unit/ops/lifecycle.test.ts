import { describe, expect, it } from '@jest/globals';
import { createLifecycle } from '../../../src/ops/lifecycle.ts';
import { createLogger } from '../../../src/ops/logger.ts';
import { runScript } from './script.ts';

const moduleUrl = (name: string): string => JSON.stringify(new URL(`../../../src/ops/${name}.ts`, import.meta.url).href);

const recorded = async () => {
  const lines: string[] = [];
  const logger = await createLogger({ level: 'info', pretty: false, name: 'test' }, { write: (line) => void lines.push(line) });
  return { lifecycle: createLifecycle(logger), lines };
};

const pause = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('closing', () => {
  it('goes from the last opened to the first, each after the one before has ended', async () => {
    const { lifecycle } = await recorded();
    const order: string[] = [];
    for (const name of ['store', 'broker', 'server']) {
      lifecycle.onClose(name, async () => {
        order.push(`${name} begins`);
        await pause();
        order.push(`${name} ends`);
      });
    }
    await lifecycle.close();
    expect(order).toEqual(['server begins', 'server ends', 'broker begins', 'broker ends', 'store begins', 'store ends']);
  });

  it('happens once, and the second caller waits for the first one’s work', async () => {
    const { lifecycle } = await recorded();
    let ended = 0;
    lifecycle.onClose('part', async () => {
      await pause();
      ended++;
    });
    const first = lifecycle.close();
    await lifecycle.close();
    expect(ended).toBe(1);
    await Promise.all([first, lifecycle.close()]);
    expect(ended).toBe(1);
  });

  it('goes on when a part fails, at once or later, and the log names the part', async () => {
    const { lifecycle, lines } = await recorded();
    const closed: string[] = [];
    lifecycle.onClose('store', () => void closed.push('store'));
    lifecycle.onClose('broker', () => Promise.reject(new Error('broker is stuck')));
    lifecycle.onClose('server', () => {
      throw new Error('server is stuck');
    });
    await lifecycle.close();
    expect(closed).toEqual(['store']);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'error', part: 'server', err: { message: 'server is stuck' } },
      { level: 'error', part: 'broker', err: { message: 'broker is stuck' } },
    ]);
  });

  it('includes what is opened meanwhile, so that a start that was interrupted leaves nothing behind', async () => {
    const { lifecycle } = await recorded();
    const closed: string[] = [];
    lifecycle.onClose('early', async () => {
      lifecycle.onClose('late', () => void closed.push('late'));
      await pause();
      closed.push('early');
    });
    await lifecycle.close();
    expect(closed).toEqual(['early', 'late']);
  });

  it('of nothing is done at once', async () => {
    const { lifecycle, lines } = await recorded();
    await lifecycle.close();
    expect(lines).toEqual([]);
  });
});

describe('a process that is told to stop', () => {
  const program = (close: string, deadlineMs: number) => `
    import { createLogger } from ${moduleUrl('logger')};
    import { closeOnSignals, createLifecycle } from ${moduleUrl('lifecycle')};
    const logger = await createLogger({ level: 'info', pretty: false, name: 'test' });
    const lifecycle = createLifecycle(logger);
    const alive = setInterval(() => {}, 1000);
    lifecycle.onClose('store', () => console.log('store closed'));
    lifecycle.onClose('server', ${close});
    closeOnSignals(lifecycle, logger, ${deadlineMs});
    console.log('ready');`;
  const promptly = `async () => { await new Promise((resolve) => setTimeout(resolve, 50)); console.log('server closed'); }`;
  const never = `() => new Promise(() => {})`;

  it.each(['SIGTERM', 'SIGINT'] as const)('by %s closes its parts in order, says so, and exits 0', async (signal) => {
    const { code, output } = await runScript(program(promptly, 10_000), (send) => send(signal));
    expect(code).toBe(0);
    const lines = output.trimEnd().split('\n');
    expect(lines.map((line) => (line.startsWith('{') ? (JSON.parse(line) as { msg: string }).msg : line))).toEqual([
      'ready',
      'stopping',
      'server closed',
      'store closed',
      'stopped',
    ]);
  });

  it('ends with 1 after its deadline when a part never closes, because nobody would wait longer', async () => {
    const { code, output } = await runScript(program(never, 200), (send) => send('SIGTERM'));
    expect(code).toBe(1);
    expect(output).toContain('stopping took too long');
    expect(output).not.toContain('store closed');
  });

  it('ends with 1 at once at the second signal, because the operator insists', async () => {
    const started = performance.now();
    const { code, output } = await runScript(program(never, 60_000), async (send, printed) => {
      send('SIGTERM');
      await printed('stopping');
      send('SIGINT');
    });
    expect(code).toBe(1);
    expect(output).not.toContain('took too long');
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});
