// Ways in which a Go source may offer its function, and ways in which it fails to.
import type { EntryCase } from '../languages.ts';

/** A source file with one function that greets. */
function hello(name: string, clause = 'package greeter', event = 'Event', imports = ''): string {
  return `${clause}

import (
\t"context"
${imports})

func ${name}(ctx context.Context, event ${event}) (any, error) {
\tvar data struct{ Name string }
\terr := event.Decode(&data)
\treturn "hello " + data.Name, err
}
`;
}

const replies = 'hello Ada';
const lambda = '\t"knative-lambda.local/lambda"\n';

const found: readonly EntryCase[] = [
  { title: 'one file without go.mod', source: { files: { 'a.go': hello('Handle') } }, entry: 'a.go', replies },
  {
    title: 'package main without a func main',
    source: { files: { 'main.go': hello('Handle', 'package main') } },
    entry: 'main.go',
    replies,
  },
  {
    title: 'Event from the package of the platform',
    source: { files: { 'a.go': hello('Handle', undefined, 'lambda.Event', lambda) } },
    replies,
  },
  {
    title: 'that package by another name',
    source: { files: { 'a.go': hello('Handle', undefined, 'kl.Event', lambda.replace('"', 'kl "')) } },
    replies,
  },
  {
    title: 'a package that has an Event of its own',
    source: { files: { 'a.go': `${hello('Handle', undefined, 'lambda.Event', lambda)}type Event struct{}\n` } },
    replies,
  },
  { title: 'interface{} for any', source: { files: { 'a.go': hello('Handle').replace('any', 'interface{}') } }, replies },
  {
    title: 'files beside the function, and tests, which are left out',
    source: {
      files: {
        'a.go': hello('Handle').replace('"hello "', 'word'),
        'b.go': 'package greeter\n\nconst word = "hello "\n',
        'a_test.go': 'package greeter_test\n\nimport "no.such/test/framework"\n',
      },
    },
    replies,
  },
  {
    title: 'packages below the function, internal ones too',
    source: {
      files: {
        'go.mod': 'module example.com/greeter\n\ngo 1.24\n',
        'a.go': hello('Handle', undefined, undefined, '\t"example.com/greeter/internal/word"\n').replace(
          '"hello "',
          'word.Hello',
        ),
        'internal/word/word.go': 'package word\n\nconst Hello = "hello "\n',
      },
    },
    replies,
  },
  {
    title: 'a file that is embedded',
    source: {
      files: {
        'a.go': hello('Handle', undefined, undefined, '\t_ "embed"\n')
          .replace('"hello "', 'word')
          .replace('func ', '//go:embed word.txt\nvar word string\n\nfunc '),
        'word.txt': 'hello ',
      },
    },
    replies,
  },
  { title: 'a handler that names a function', source: { files: { 'a.go': hello('Run') } }, handler: 'Run', replies },
  {
    title: 'a handler that names a folder and a function',
    source: { files: { 'lib/parse/a.go': hello('Run', 'package parse') } },
    handler: 'lib/parse.Run',
    replies,
  },
  {
    title: 'a handler that names a file and a function',
    source: { files: { 'lib/a.go': hello('Run', 'package lib') } },
    handler: 'lib/a.Run',
    replies,
  },
  {
    title: 'a module without go.sum',
    source: {
      files: {
        'go.mod': 'module example.com/greeter\n\ngo 1.24\n\nrequire github.com/ettle/strcase v0.2.0\n',
        'a.go': hello('Handle', undefined, undefined, '\t"github.com/ettle/strcase"\n').replace(
          '"hello "',
          'strcase.ToSnake("Hello") + " "',
        ),
      },
    },
    replies,
  },
  {
    title: 'a function that prints and logs while it starts',
    source: { files: { 'a.go': `${hello('Handle', undefined, undefined, '\t"log"\n')}func init() { log.SetFlags(0) }\n` } },
    replies,
  },
];

const refused: readonly EntryCase[] = [
  { title: 'fails the build when the source has no Go file', source: { files: { 'a.txt': 'x' } }, buildSays: /no Go package/ },
  {
    title: 'fails the build when two packages share a folder',
    source: { files: { 'a.go': hello('Handle'), 'b.go': 'package other\n' } },
    buildSays: /other \(b\.go\)/,
  },
  {
    title: 'fails the build when there is no Handle',
    source: { files: { 'a.go': hello('Run') } },
    buildSays: /declares no function "Handle"; write: func Handle/,
  },
  {
    title: 'fails the build when the handler is a method',
    source: { files: { 'a.go': hello('Handle').replace('func Handle', 'type T int\n\nfunc (T) Handle') } },
    buildSays: /declares no function "Handle"/,
  },
  {
    title: 'fails the build when the named function is not exported',
    source: { files: { 'a.go': hello('handle') } },
    handler: 'handle',
    buildSays: /not exported/,
  },
  {
    title: 'fails the build on another signature',
    source: { files: { 'a.go': 'package a\n\nfunc Handle(event Event) error { return nil }\n' } },
    buildSays: /another signature; write: func Handle/,
  },
  {
    title: 'fails the build on a type parameter',
    source: { files: { 'a.go': hello('Handle').replace('Handle(', 'Handle[T any](') } },
    buildSays: /another signature/,
  },
  {
    title: 'fails the build when another package is called context',
    source: { files: { 'a.go': hello('Handle').replace('"context"', 'context "knative-lambda.local/lambda"') } },
    buildSays: /another signature/,
  },
  {
    title: 'fails the build when the handler lies outside of the source',
    source: { files: { 'a.go': hello('Handle') } },
    handler: '../wrapper.Handle',
    buildSays: /does not name a folder or file of the source/,
  },
  {
    title: 'fails the build when the handler is code',
    source: { files: { 'a.go': hello('Handle') } },
    handler: 'Handle(nil, Event{}); os.Exit(0); ("',
    buildSays: /names no folder|declares no function/,
  },
  {
    title: 'fails the build when the source has a func main',
    source: { files: { 'main.go': `${hello('Handle', 'package main')}func main() {}\n` } },
    buildSays: /func main/,
  },
  {
    title: 'fails the build on a syntax error, with its place',
    source: { files: { 'a.go': 'package a\n\nfunc Handle( {\n' } },
    buildSays: /a\.go:3/,
  },
  {
    title: 'fails the build on a type error, with its place',
    source: { files: { 'a.go': `${hello('Handle')}var x int = "y"\n` } },
    buildSays: /a\.go:\d+:\d+: cannot use "y"/,
  },
  {
    title: 'fails the build when an import is not in go.mod',
    source: {
      files: {
        'go.mod': 'module example.com/greeter\n\ngo 1.24\n',
        'a.go': hello('Handle', undefined, undefined, '\t_ "left.out/of/gomod"\n'),
      },
    },
    buildSays: /left\.out\/of\/gomod/,
  },
  {
    title: 'fails the build when go.sum does not know a module',
    source: {
      files: {
        'go.mod': 'module example.com/greeter\n\ngo 1.24\n\nrequire github.com/ettle/strcase v0.2.0\n',
        'go.sum': '',
        'a.go': hello('Handle', undefined, undefined, '\t_ "github.com/ettle/strcase"\n'),
      },
    },
    buildSays: /go\.sum lacks/,
  },
];

export const goEntries: readonly EntryCase[] = [...found, ...refused];
