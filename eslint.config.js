import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const noModuleMocks = ['mock', 'unstable_mockModule', 'doMock', 'setMock'].map((name) => ({
  object: 'jest',
  property: name,
  message: 'Use the real thing, or a hand-made fake of its wire protocol.',
}));

export default tseslint.config(
  {
    ignores: [
      'dist',
      'coverage',
      '.data',
      '.cache',
      'templates/**',
      'tests/templates/functions',
      '*.config.js',
      '.dependency-cruiser.cjs',
    ],
  },
  js.configs.recommended,
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      'max-lines': ['error', { max: 300 }],
      'max-lines-per-function': ['error', { max: 60 }],
      complexity: ['error', 12],
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read the environment once, in main.ts, through the config schema.' },
        ...noModuleMocks,
      ],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  { files: ['src/*/main.ts', 'bench/**', 'tests/**'], rules: { 'no-restricted-properties': ['error', ...noModuleMocks] } },
  // A suite is one long function by nature; its cases are the units.
  { files: ['tests/**'], rules: { 'max-lines-per-function': 'off' } },
  // Plain scripts, outside of the TypeScript program.
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: { globals: { process: 'readonly', console: 'readonly' } },
  },
);
