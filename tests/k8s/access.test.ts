import { expect, it } from '@jest/globals';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeWith } from '../services/support/service.ts';
import { findManifests, ofKind, root, type Manifest, type PolicyRule } from './manifests.ts';

type Verbs = Record<string, string[]>;

/** The verbs of RBAC that a call of src/adapters/kubernetes needs. */
const needs: Record<string, string[]> = {
  get: ['get'],
  create: ['create'],
  replace: ['update'],
  patch: ['patch'],
  remove: ['delete'],
  // Server-side apply: what is not there yet is created.
  apply: ['patch', 'create'],
  listPages: ['list'],
  listAll: ['list'],
  watch: ['list', 'watch'],
};

const resources: Record<string, string> = {
  jobs: 'batch/jobs',
  pods: '/pods',
  configMaps: '/configmaps',
  services: 'serving.knative.dev/services',
  revisions: 'serving.knative.dev/revisions',
  triggers: 'eventing.knative.dev/triggers',
  serviceAccounts: '/serviceaccounts',
};

const sorted = (found: Map<string, Set<string>>): Verbs =>
  Object.fromEntries([...found].map(([resource, verbs]) => [resource, [...verbs].sort()]));

const calledIn = async (folder: string): Promise<Verbs> => {
  const found = new Map<string, Set<string>>();
  const add = (resource: string, verbs: readonly string[]): void =>
    void found.set(resource, new Set([...(found.get(resource) ?? []), ...verbs]));
  for await (const file of glob(`src/adapters/kubernetes/${folder}/*.ts`, { cwd: root })) {
    const source = await readFile(join(root, file), 'utf8');
    for (const [, verb = '', kind = ''] of source.matchAll(
      /\b(get|create|replace|patch|remove|apply|listPages|listAll|watch)(?:<\w+>)?\(\s*client,\s*(\w+)/g,
    )) {
      const resource = resources[kind];
      if (resource === undefined) throw new Error(`${file} calls ${verb} of ${kind}, which this test does not know`);
      add(resource, needs[verb] ?? []);
    }
    if (/pathOf\(pods, [^)]*'log'\)/.test(source)) add('/pods/log', ['get']);
  }
  return sorted(found);
};

const grantedBy = (rules: readonly PolicyRule[]): Verbs => {
  const found = new Map<string, Set<string>>();
  for (const { apiGroups, resources: names, verbs } of rules) {
    for (const group of apiGroups)
      for (const name of names) {
        const key = `${group}/${name}`;
        found.set(key, new Set([...(found.get(key) ?? []), ...verbs]));
      }
  }
  return sorted(found);
};

describeWith(await findManifests(), 'access', ({ base, studio }) => {
  const granted = (account: string, namespace: string): Verbs => {
    const bound = ofKind(base, 'RoleBinding').filter(
      ({ metadata, subjects = [] }) => metadata.namespace === namespace && subjects.some(({ name }) => name === account),
    );
    const roles = bound.map(({ roleRef }) => roleRef?.name);
    return grantedBy(
      ofKind(base, 'Role')
        .filter(({ metadata }) => metadata.namespace === namespace && roles.includes(metadata.name))
        .flatMap(({ rules = [] }) => rules),
    );
  };

  it('of the builder to builds is what its calls need, and nothing else', async () => {
    expect(granted('builder', 'knative-lambda-builds')).toEqual(await calledIn('builds'));
  });

  it('of the builder to functions is what its calls need, and nothing else', async () => {
    expect(granted('builder', 'knative-lambda-functions')).toEqual(await calledIn('functions'));
  });

  it('of a build is that of its monitor: to see its pod and to write on its job', () => {
    expect(granted('kaniko', 'knative-lambda-builds')).toEqual({
      '/pods': ['watch'],
      '/pods/log': ['get'],
      'batch/jobs': ['get', 'patch'],
    });
  });

  it('of the sources is to look', () => {
    expect(granted('event-sources', 'knative-lambda-builds')).toEqual({ 'batch/jobs': ['get', 'list', 'watch'] });
    expect(granted('event-sources', 'knative-lambda-functions')).toEqual({
      'serving.knative.dev/services': ['get', 'list', 'watch'],
      'eventing.knative.dev/triggers': ['get', 'list', 'watch'],
    });
  });

  it.each([
    ['base', base],
    ['studio', studio],
  ])('ends at a namespace, names no secret and has no wildcard, in %s', (_name, manifests: Manifest[]) => {
    expect(manifests.filter(({ kind }) => kind.startsWith('Cluster'))).toEqual([]);
    for (const { rules = [] } of ofKind(manifests, 'Role')) {
      const all = rules.flatMap((rule) => [...rule.apiGroups, ...rule.resources, ...rule.verbs]);
      expect(all).not.toContain('*');
      expect(all).not.toContain('secrets');
      expect(all).not.toContain('pods/exec');
    }
    for (const { roleRef } of ofKind(manifests, 'RoleBinding')) expect(roleRef?.kind).toBe('Role');
  });

  it('is bound to accounts that there are', () => {
    const accounts = ofKind(base, 'ServiceAccount').map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
    for (const { subjects = [] } of ofKind(base, 'RoleBinding'))
      for (const { kind, name, namespace = '' } of subjects) {
        expect(kind).toBe('ServiceAccount');
        expect(accounts).toContain(`${namespace}/${name}`);
      }
  });
});
