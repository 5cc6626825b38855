// Ways in which a Node source may offer its function, and ways in which it fails to.
import type { EntryCase } from '../languages.ts';

const hello = '({ name }) => `hello ${name}`';
const replies = 'hello Ada';
const typed = 'interface Named { name: string }\nexport const handle = ({ name }: Named): string => `hello ${name}`;\n';

const found: readonly EntryCase[] = [
  {
    title: 'an ES module that exports handle',
    source: { files: { 'a.mjs': `export const handle = ${hello};\n` } },
    entry: 'a.mjs',
    replies,
  },
  {
    title: 'handler, when there is no handle',
    source: { files: { 'a.mjs': `export const handler = ${hello};\n` } },
    entry: 'a.mjs',
    replies,
  },
  {
    title: 'parse, when there is neither',
    source: { files: { 'a.mjs': `export const parse = ${hello};\n` } },
    entry: 'a.mjs',
    replies,
  },
  { title: 'the default export', source: { files: { 'a.mjs': `export default ${hello};\n` } }, entry: 'a.mjs', replies },
  {
    title: 'handle on a default export that is an object',
    source: { files: { 'a.mjs': `export default { handle: ${hello} };\n` } },
    entry: 'a.mjs',
    replies,
  },
  { title: 'a CommonJS module', source: { files: { 'a.cjs': `exports.handle = ${hello};\n` } }, entry: 'a.cjs', replies },
  {
    title: 'a CommonJS module that is the function',
    source: { files: { 'a.cjs': `module.exports = ${hello};\n` } },
    entry: 'a.cjs',
    replies,
  },
  {
    title: 'CommonJS exports that no parser can see',
    source: { files: { 'a.cjs': `Object.assign(exports, { ['han' + 'dle']: ${hello} });\n` } },
    entry: 'a.cjs',
    replies,
  },
  {
    title: 'a .js file in module syntax without a package.json',
    source: { files: { 'a.js': `export const handle = ${hello};\n` } },
    entry: 'a.js',
    replies,
  },
  {
    title: 'a .js file in CommonJS syntax without a package.json',
    source: { files: { 'a.js': `exports.handle = ${hello};\n` } },
    entry: 'a.js',
    replies,
  },
  { title: 'the only file, when no entry is named', source: { files: { 'global.js': `exports.handle = ${hello};\n` } }, replies },
  {
    title: 'index.js among others',
    source: { files: { 'index.js': `exports.handle = require('./b.js');\n`, 'b.js': `module.exports = ${hello};\n` } },
    replies,
  },
  {
    title: 'the main file of package.json',
    source: {
      files: {
        'package.json': '{"type":"module","main":"src/start.js"}',
        'src/start.js': `export const handle = ${hello};\n`,
        'index.js': 'throw 1;\n',
      },
    },
    replies,
  },
  {
    title: 'a handler that names a file and an export',
    source: { files: { 'lib/parse.js': `exports.run = ${hello};\n`, 'index.js': 'exports.handle = () => 1;\n' } },
    handler: 'lib/parse.run',
    replies,
  },
  {
    title: 'a handler that names an export',
    source: { files: { 'index.js': `exports.run = ${hello};\nexports.handle = () => 1;\n` } },
    handler: 'run',
    replies,
  },
  {
    title: 'a module that awaits while it loads',
    source: { files: { 'a.mjs': `await new Promise((resolve) => setTimeout(resolve, 20));\nexport const handle = ${hello};\n` } },
    replies,
  },
  {
    title: 'a file name with odd characters',
    source: { files: { 'prix d’été %41#1.mjs': `export const handle = ${hello};\n` } },
    entry: 'prix d’été %41#1.mjs',
    replies,
  },
];

const typescript: readonly EntryCase[] = [
  { title: 'a TypeScript module', source: { files: { 'a.ts': typed } }, entry: 'a.ts', replies },
  {
    title: 'a TypeScript module that imports others by .ts, by .js and without an ending',
    source: {
      files: {
        'package.json': '{"type":"module"}',
        'index.ts': `import { a } from './lib/a.ts';\nimport { b } from './lib/b.js';\nimport { c } from './lib/c';\nexport const handle = (data: { name: string }): string => a(b(c(data.name)));\n`,
        'lib/a.ts': 'export const a = (text: string): string => `hello ${text}`;\n',
        'lib/b.ts': 'export const b = <T>(value: T): T => value;\n',
        'lib/c.ts': 'export type Text = string;\nexport function c(text: Text): Text { return text; }\n',
      },
    },
    replies,
  },
  {
    title: 'TypeScript that needs more than stripping',
    source: {
      files: {
        'a.ts':
          'enum Word { Hello = "hello" }\nclass Greeter { constructor(private readonly word: Word) {} greet(name: string) { return `${this.word} ${name}`; } }\nexport const handle = (data: { name: string }) => new Greeter(Word.Hello).greet(data.name);\n',
      },
    },
    replies,
  },
  {
    title: 'a TypeScript file in CommonJS',
    source: { files: { 'a.cts': 'exports.handle = (data: { name: string }): string => `hello ${data.name}`;\n' } },
    entry: 'a.cts',
    replies,
  },
];

const refused: readonly EntryCase[] = [
  {
    title: 'fails the build when the source has no entry',
    source: { files: { 'a.js': '1;\n', 'b.js': '2;\n' } },
    buildSays: /index\.js/,
  },
  {
    title: 'fails the build when the entry is not there',
    source: { files: { 'a.js': 'exports.handle = () => 1;\n' } },
    entry: 'b.js',
    buildSays: /b\.js/,
  },
  {
    title: 'fails the build when the entry lies outside of the source',
    source: { files: { 'a.js': 'exports.handle = () => 1;\n' } },
    entry: '../wrapper/main.mjs',
    buildSays: /outside/,
  },
  {
    title: 'fails the build when nothing is exported that could be called',
    source: { files: { 'a.mjs': 'export const other = 1;\n' } },
    buildSays: /handle, handler, parse/,
  },
  {
    title: 'fails the build when the named export is missing',
    source: { files: { 'index.js': 'exports.handle = () => 1;\n' } },
    handler: 'run',
    buildSays: /run/,
  },
  {
    title: 'fails the build on a syntax error, with its place',
    source: { files: { 'a.mjs': 'export const handle = (=> 1;\n' } },
    buildSays: /a\.mjs:1[\s\S]*SyntaxError/,
  },
  {
    title: 'fails the build on a syntax error in TypeScript',
    source: { files: { 'a.ts': 'export const handle = (a: ) => 1;\n' } },
    buildSays: /a\.ts/,
  },
  {
    title: 'fails the build when an import is not installed',
    source: { files: { 'a.mjs': `import 'left-out-of-the-manifest';\nexport const handle = ${hello};\n` } },
    buildSays: /left-out-of-the-manifest/,
  },
  {
    title: 'does not start when the source fails while it loads',
    source: {
      files: {
        'a.mjs': `export const handle = ${hello};\nif (process.env.PORT !== undefined) throw new Error('no database');\n`,
      },
    },
    startSays: /no database/,
  },
];

export const nodejsEntries: readonly EntryCase[] = [...found, ...typescript, ...refused];
