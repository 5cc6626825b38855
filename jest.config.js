// Run from source: swc strips the types, Node runs the modules (ESM needs --experimental-vm-modules, see the test script).
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } }],
  },
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.data', '<rootDir>/.cache'],
  testTimeout: 60_000,
  // Two cores are the smallest machine this runs on; more workers only make the timings of child processes worse.
  maxWorkers: 2,
};
