// The manifests as kustomize renders them, by the kubectl that the tests' API server brings.
import { loadAllYaml, loadYaml } from '@kubernetes/client-node/dist/yaml.js';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { report, runScript, started, type Missing } from '../services/support/service.ts';

export const root = join(import.meta.dirname, '../..');

export type Container = {
  name: string;
  image: string;
  command?: string[];
  env?: { name: string; value?: string; valueFrom?: { secretKeyRef?: { name: string; key: string } } }[];
  envFrom?: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  securityContext?: Record<string, unknown>;
  readinessProbe?: { httpGet?: { path: string } };
  livenessProbe?: { httpGet?: { path: string } };
};

export type PodSpec = {
  containers: Container[];
  serviceAccountName?: string;
  securityContext?: Record<string, unknown>;
  [field: string]: unknown;
};

export type PolicyRule = { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] };

/** With the fields that some test reads; which of them there are follows from the kind. */
export type Manifest = {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  data?: Record<string, string>;
  rules?: PolicyRule[];
  roleRef?: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace?: string }[];
  spec?: Record<string, unknown>;
};

export type Overlay = 'base' | 'studio';
export type Rendered = Record<Overlay, Manifest[]>;

const renderFolder = async (folder: string): Promise<Manifest[]> =>
  loadAllYaml(await runScript('kubernetes', ['kubectl', 'kustomize', folder])) as Manifest[];

const render = (overlay: Overlay): Promise<Manifest[]> => renderFolder(join(root, 'k8s/kustomize', overlay));

/** The base with a component, as an overlay of one's own would have it. For tests that got `findManifests`. */
export const renderWith = async (component: string): Promise<Manifest[]> => {
  // Below the project: kustomize reads folders by relative paths only.
  const cache = join(root, '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'overlay-'));
  try {
    const above = relative(folder, join(root, 'k8s/kustomize'));
    const overlay = { resources: [`${above}/base`], components: [`${above}/components/${component}`] };
    await writeFile(join(folder, 'kustomization.yaml'), JSON.stringify(overlay));
    return await renderFolder(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
};

export const findManifests = async (): Promise<Rendered | Missing> =>
  report(
    await started('kubectl', async () => {
      await runScript('kubernetes', ['install']);
      return { base: await render('base'), studio: await render('studio') };
    }),
  );

export const ofKind = (manifests: readonly Manifest[], kind: string, group = ''): Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind && manifest.apiVersion.startsWith(group));

export const named = (manifests: readonly Manifest[], kind: string, name: string, namespace?: string): Manifest => {
  const found = manifests.find(
    ({ kind: its, metadata }) =>
      its === kind && metadata.name === name && (namespace === undefined || metadata.namespace === namespace),
  );
  if (found === undefined) throw new Error(`There is no ${kind} ${name}`);
  return found;
};

type Workload = { name: string; namespace: string; labels: Record<string, string>; pod: PodSpec };
type Template = { metadata?: { labels?: Record<string, string> }; spec: PodSpec };

const templateOf = ({ kind, apiVersion, spec = {} }: Manifest): Template | undefined => {
  if (kind === 'Deployment' || (kind === 'Service' && apiVersion.startsWith('serving.'))) return spec.template as Template;
  if (kind !== 'CronJob') return undefined;
  return (spec.jobTemplate as { spec: { template: Template } }).spec.template;
};

/** Everything that becomes pods of ours. */
export const workloads = (manifests: readonly Manifest[]): Workload[] =>
  manifests.flatMap((manifest) => {
    const template = templateOf(manifest);
    const { name, namespace = '' } = manifest.metadata;
    return template === undefined ? [] : [{ name, namespace, labels: template.metadata?.labels ?? {}, pod: template.spec }];
  });

/** What the process finds, with `secret` for what a Secret would say. */
export const environmentOf = (manifests: readonly Manifest[], { env = [], envFrom = [] }: Container): Record<string, string> => {
  const maps = envFrom.flatMap(({ configMapRef }) =>
    configMapRef === undefined ? [] : [named(manifests, 'ConfigMap', configMapRef.name).data ?? {}],
  );
  const own = env.map(({ name, value }) => [name, value ?? `secret-value-of-${name}`] as const);
  return Object.assign({}, ...maps, Object.fromEntries(own)) as Record<string, string>;
};

export const readYaml = async <T>(file: string): Promise<T> => loadYaml<T>(await readFile(join(root, file), 'utf8'));
