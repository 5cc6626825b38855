// The container that builds. Everything in its arguments is made of digests and settings; none of it comes from an event as text.
import type { BuildRequest } from '../../../core/build.ts';
import { builderContainer } from '../../../core/build-progress.ts';
import type { KanikoJobSettings } from './job-settings.ts';
import { literal } from './literal.ts';

const kanikoArguments = (
  request: BuildRequest,
  baseImages: Readonly<Record<string, string>>,
  settings: KanikoJobSettings,
): string[] => [
  `--context=s3://${settings.tempBucket}/${request.contextKey}`,
  '--dockerfile=Dockerfile',
  `--destination=${request.image}`,
  '--digest-file=/dev/termination-log',
  '--cache=true',
  '--cache-ttl=24h',
  ...(settings.cacheRepository === undefined ? [] : [`--cache-repo=${settings.cacheRepository}`]),
  // Layers of dependencies are large; compressing them in memory is what Kaniko runs out of it by.
  '--compressed-caching=false',
  '--snapshot-mode=redo',
  '--image-download-retry=3',
  '--push-retry=3',
  '--log-format=text',
  ...(settings.registryPlainHttp ? [`--insecure-registry=${request.image.slice(0, request.image.indexOf('/'))}`] : []),
  ...Object.entries(baseImages).map(([name, image]) => `--build-arg=${name}=${image}`),
];

const kanikoEnvironment = ({ s3 }: KanikoJobSettings) => [
  // What a Dockerfile copies belongs to root, as its specification says; Kaniko's own default is the user of the stage.
  { name: 'FF_KANIKO_COPY_AS_ROOT', value: 'true' },
  { name: 'FF_KANIKO_RUN_HONOR_GROUP', value: 'true' },
  { name: 'S3_FORCE_PATH_STYLE', value: String(s3.pathStyle) },
  ...(s3.endpoint === undefined ? [] : [{ name: 'S3_ENDPOINT', value: literal(s3.endpoint) }]),
  ...(s3.region === undefined ? [] : [{ name: 'AWS_REGION', value: literal(s3.region) }]),
];

export const kanikoContainer = (
  request: BuildRequest,
  baseImages: Readonly<Record<string, string>>,
  settings: KanikoJobSettings,
) => ({
  name: builderContainer,
  image: settings.kanikoImage,
  args: kanikoArguments(request, baseImages, settings).map(literal),
  env: kanikoEnvironment(settings),
  ...(settings.storageSecret === undefined ? {} : { envFrom: [{ secretRef: { name: settings.storageSecret } }] }),
  resources: { requests: { cpu: '500m', memory: '1Gi' }, limits: { cpu: '1000m', memory: '2Gi' } },
  // Kaniko unpacks images over its own root as root, becomes other users for the steps of a Dockerfile, and ends what they leave
  // behind: no more than that.
  securityContext: {
    runAsUser: 0,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'], add: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETFCAP', 'SETGID', 'SETUID'] },
  },
  // The digest when it succeeds, the end of its log when it fails.
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'FallbackToLogsOnError',
  ...(settings.registrySecret === undefined
    ? {}
    : { volumeMounts: [{ name: 'registry-credentials', mountPath: '/kaniko/.docker', readOnly: true }] }),
});
