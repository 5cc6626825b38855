import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import Type from 'typebox';
import { ConfigError, readConfig, type Environment } from '../../../src/ops/config.ts';

const schema = Type.Object({
  PORT: Type.Integer({ default: 8080, minimum: 0, maximum: 65_535 }),
  RATIO: Type.Number({ default: 0.5, maximum: 1 }),
  HOST: Type.String({ default: '0.0.0.0', minLength: 1 }),
  LEVEL: Type.Enum(['info', 'debug'], { default: 'info' }),
  VERBOSE: Type.Boolean({ default: false }),
  PRETTY: Type.Optional(Type.Boolean()),
  URL: Type.String({ pattern: '^https?://' }),
});

const valid = { URL: 'https://example.com' };
const read = (environment: Environment) => readConfig(schema, { ...valid, ...environment });

const problemsWith = (environment: Environment, of = schema): readonly string[] => {
  try {
    readConfig(of, environment);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.problems;
    throw thrown;
  }
  return [];
};

describe('settings', () => {
  it('have their defaults where the environment says nothing, and optional ones stay unset', () => {
    expect(read({})).toEqual({
      PORT: 8080,
      RATIO: 0.5,
      HOST: '0.0.0.0',
      LEVEL: 'info',
      VERBOSE: false,
      URL: 'https://example.com',
    });
  });

  it('are numbers and booleans where the schema says so, not texts that look like them', () => {
    expect(read({ PORT: '9000', RATIO: '0.25', VERBOSE: 'true', PRETTY: '0', HOST: '8080' })).toMatchObject({
      PORT: 9000,
      RATIO: 0.25,
      VERBOSE: true,
      PRETTY: false,
      HOST: '8080',
    });
    expect(read({ VERBOSE: '1', PRETTY: 'false', PORT: ' 9000 ' })).toMatchObject({ VERBOSE: true, PRETTY: false, PORT: 9000 });
  });

  it('that are empty are unset, because a chart leaves a key empty more easily than out', () => {
    expect(read({ PORT: '', VERBOSE: '', PRETTY: '' })).toEqual(read({}));
    expect(problemsWith({ URL: '' })).toEqual(['URL is required']);
  });

  it('are taken from the schema’s names alone, so the rest of the environment does not get into the process by accident', () => {
    expect(read({ PATH: '/bin', AWS_SECRET_ACCESS_KEY: 'x' })).toEqual(read({}));
  });

  it('keep every integer in their range as it was written', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 65_535 }), (port) => read({ PORT: String(port) }).PORT === port));
  });
});

describe('a mistake in a setting', () => {
  it.each([
    ['PORT', 'eighty'],
    ['PORT', '80.5'],
    ['PORT', '-1'],
    ['PORT', '65536'],
    ['PORT', '0x50'],
    ['PORT', '1e3'],
    ['PORT', '80 81'],
    ['PORT', '9'.repeat(400)],
    ['PORT', 'Infinity'],
    ['RATIO', '1.5'],
    ['RATIO', '.5'],
    ['LEVEL', 'loud'],
    ['VERBOSE', 'yes'],
    ['VERBOSE', 'TRUE'],
    ['URL', 'ftp://example.com'],
  ])('is refused by its name when %s is "%s", instead of being replaced by the default', (name, text) => {
    const problems = problemsWith({ ...valid, [name]: text });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(new RegExp(`^${name} must `));
  });

  it('is reported together with every other one, however many there are, so that one start shows them all', () => {
    const names = Array.from({ length: 30 }, (_, index) => `SETTING_${index}`);
    const many = Type.Object(Object.fromEntries(names.map((name) => [name, Type.Integer()])));
    const environment = Object.fromEntries(names.filter((_, index) => index % 2 === 0).map((name) => [name, 'text']));
    expect(problemsWith(environment, many as never)).toEqual(
      names.map((name, index) => (index % 2 === 0 ? `${name} must be integer` : `${name} is required`)),
    );
  });

  it('is one line even where it breaks several rules', () => {
    const strict = Type.Object({ KEY: Type.String({ minLength: 5, pattern: '^k' }) });
    expect(problemsWith({ KEY: 'x' }, strict as never)).toHaveLength(1);
  });

  it('is named without its value, because it may be a secret in the wrong place', () => {
    const secret = 'hunter2';
    try {
      readConfig(schema, { PORT: secret, URL: secret, LEVEL: secret });
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(ConfigError);
      expect(JSON.stringify([String(thrown), (thrown as ConfigError).problems])).not.toContain(secret);
      expect((thrown as ConfigError).message.split('\n')).toHaveLength(4);
      return;
    }
    throw new Error('It was not refused');
  });

  it('is the only thing that is ever thrown, whatever the environment holds', () => {
    const environments = fc.dictionary(fc.constantFrom(...Object.keys(schema.properties), '__proto__', 'toString'), fc.string());
    fc.assert(
      fc.property(environments, (environment) => {
        try {
          expect(Object.keys(readConfig(schema, environment))).toContain('URL');
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(ConfigError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
