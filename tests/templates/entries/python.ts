// Ways in which a Python source may offer its function, and ways in which it fails to.
import type { EntryCase } from '../languages.ts';

const hello = (name: string): string => `def ${name}(data, context):\n    return f"hello {data['name']}"\n`;
const replies = 'hello Ada';

const found: readonly EntryCase[] = [
  { title: 'a module that defines handle', source: { files: { 'a.py': hello('handle') } }, entry: 'a.py', replies },
  { title: 'handler, when there is no handle', source: { files: { 'a.py': hello('handler') } }, entry: 'a.py', replies },
  { title: 'parse, when there is neither', source: { files: { 'a.py': hello('parse') } }, entry: 'a.py', replies },
  {
    title: 'an async function',
    source: {
      files: { 'a.py': `import asyncio\nasync ${hello('handle').replace('    ', '    await asyncio.sleep(0.01)\n    ')}` },
    },
    replies,
  },
  {
    title: 'an object that can be called',
    source: {
      files: {
        'a.py': `class Greeter:\n    ${hello('__call__').replace('data', 'self, data').replace('\n', '\n    ')}\nhandle = Greeter()\n`,
      },
    },
    replies,
  },
  {
    title: 'a partial function',
    source: {
      files: {
        'a.py': `from functools import partial\n${hello('greet').replace('data, context', 'word, data, context')}handle = partial(greet, "x")\n`,
      },
    },
    replies,
  },
  {
    title: 'a decorated function',
    source: { files: { 'a.py': `def plain(f):\n    return lambda *all: f(*all)\n@plain\n${hello('handle')}` } },
    replies,
  },
  { title: 'the only file, when no entry is named', source: { files: { 'global.py': hello('handle') } }, replies },
  { title: 'main.py among others', source: { files: { 'main.py': 'from b import handle\n', 'b.py': hello('handle') } }, replies },
  {
    title: 'handler.py, when there is no main.py',
    source: { files: { 'handler.py': hello('handle'), 'b.py': 'x = 1\n' } },
    replies,
  },
  {
    title: 'a handler that names a file and a function',
    source: { files: { 'lib/parse.py': hello('run'), 'main.py': 'def handle(*_): return 1\n' } },
    handler: 'lib/parse.run',
    replies,
  },
  {
    title: 'a handler that names a package and a function',
    source: { files: { 'lib/__init__.py': 'from .parse import run\n', 'lib/parse.py': hello('run') } },
    handler: 'lib.run',
    replies,
  },
  {
    title: 'a handler that names a function',
    source: { files: { 'main.py': `${hello('run')}def handle(*_): return 1\n` } },
    handler: 'run',
    replies,
  },
  {
    title: 'a module called as one of the standard library',
    source: { files: { 'json.py': hello('handle') } },
    entry: 'json.py',
    replies,
  },
  {
    title: 'a module that finds its own files first',
    source: { files: { 'main.py': 'import log\nhandle = log.handle\n', 'log.py': hello('handle') } },
    replies,
  },
  {
    title: 'a module that reads a file beside it',
    source: {
      files: {
        'main.py': `import os\nword = open(os.path.join(os.path.dirname(__file__), 'word')).read()\ndef handle(data, context): return f"{word} {data['name']}"\n`,
        word: 'hello',
      },
    },
    replies,
  },
  {
    title: 'a module that misses its surroundings during the build',
    source: { files: { 'a.py': `import os\nos.environ['PORT']\n${hello('handle')}` } },
    replies,
  },
  {
    title: 'a file name with odd characters',
    source: { files: { 'prix d’été %41#1.v2.py': hello('handle') } },
    entry: 'prix d’été %41#1.v2.py',
    replies,
  },
  {
    title: 'dependencies of a pyproject.toml',
    source: {
      files: {
        'main.py': `import inflection\ndef handle(data, context): return inflection.underscore('Hello') + f" {data['name']}"\n`,
        'pyproject.toml': '[project]\nname = "f"\nversion = "1"\ndependencies = ["inflection==0.5.1"]\n',
      },
    },
    replies,
  },
];

const refused: readonly EntryCase[] = [
  {
    title: 'fails the build when the source has no entry',
    source: { files: { 'a.py': 'x = 1\n', 'b.py': 'x = 2\n' } },
    buildSays: /main\.py/,
  },
  {
    title: 'fails the build when the entry is not there',
    source: { files: { 'a.py': hello('handle') } },
    entry: 'b.py',
    buildSays: /b\.py/,
  },
  {
    title: 'fails the build when the entry lies outside of the source',
    source: { files: { 'a.py': hello('handle') } },
    entry: '../wrapper/main.py',
    buildSays: /outside/,
  },
  {
    title: 'fails the build when nothing is defined that could be called',
    source: { files: { 'a.py': 'other = 1\nhandle = 2\n' } },
    buildSays: /handle, handler, parse/,
  },
  {
    title: 'fails the build when the named function is missing',
    source: { files: { 'main.py': hello('handle') } },
    handler: 'run',
    buildSays: /run/,
  },
  {
    title: 'fails the build on a syntax error, with its place',
    source: { files: { 'a.py': 'def handle(data, context:\n    return 1\n' } },
    buildSays: /a\.py", line 1[\s\S]*SyntaxError/,
  },
  {
    title: 'fails the build on a syntax error of a module beside the entry',
    source: { files: { 'main.py': hello('handle'), 'lib/b.py': 'def (\n' } },
    buildSays: /b\.py/,
  },
  {
    title: 'fails the build when an import is not installed',
    source: { files: { 'a.py': `import left_out_of_the_manifest\n${hello('handle')}` } },
    buildSays: /left_out_of_the_manifest/,
  },
  {
    title: 'does not start when the source fails while it loads',
    source: { files: { 'a.py': `${hello('handle')}raise RuntimeError('no database')\n` } },
    startSays: /no database/,
  },
];

export const pythonEntries: readonly EntryCase[] = [...found, ...refused];
