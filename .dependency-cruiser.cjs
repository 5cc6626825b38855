// Who may import whom (docs/architecture.md). Types count: a layer that needs another's types knows it.
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from, pathNot: '/main\\.ts$' },
  to: { pathNot: allowed, dependencyTypesNot: ['core'] },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'nobody-imports-a-main', severity: 'error', from: {}, to: { path: '/main\\.ts$' } },
    only('core-is-pure', '^src/core/', ['^src/core/', 'node_modules/typebox']),
    {
      name: 'core-has-no-io',
      severity: 'error',
      from: { path: '^src/core/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|path/posix)$' },
    },
    only('ports-know-the-core', '^src/ports\\.ts$', ['^src/core/']),
    only('ops-know-the-core', '^src/ops/', ['^src/(core|ops)/', 'node_modules']),
    only('an-adapter-knows-no-other', '^src/adapters/([^/]+)/', [
      '^src/adapters/$1/',
      '^src/(core|ops)/',
      '^src/ports\\.ts$',
      'node_modules',
    ]),
    only('a-process-knows-no-other', '^src/(builder|dlq-consumer|build-monitor|metrics-pusher)/', [
      '^src/$1/',
      '^src/(core|ops)/',
      '^src/ports\\.ts$',
      'node_modules',
    ]),
    {
      name: 'a-technology-stays-in-its-adapter',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/adapters/(kubernetes|s3|rabbitmq|redis)/' },
      to: { path: 'node_modules/(@kubernetes|@aws-sdk|amqplib|ioredis)/' },
    },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
