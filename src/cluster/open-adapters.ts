// Every port of the builder on a cluster. What is opened here is closed by the lifecycle, in reverse.
import { createHttpEventSink } from '../adapters/http/event-sink.ts';
import { createEventPoster, type EventPoster } from '../adapters/http/post-event.ts';
import { createKubernetesImageBuilder, type KubernetesImageBuilder } from '../adapters/kubernetes/builds/image-builder.ts';
import { createKubernetesClient, type KubernetesClient } from '../adapters/kubernetes/client.ts';
import { createKubernetesFunctionPlatform } from '../adapters/kubernetes/functions/function-platform.ts';
import { createRegistry } from '../adapters/registry/registry.ts';
import { createS3Client } from '../adapters/s3/client.ts';
import { createS3ObjectStore } from '../adapters/s3/object-store.ts';
import type { BuilderAdapters, Surroundings } from '../builder/start-builder.ts';
import { languageOf } from '../core/source.ts';
import type { EventSink, ObjectStore } from '../ports.ts';
import type { ClusterConfig } from './config.ts';
import { openLimiter } from './open-limiter.ts';
import { functionSettings, jobSettings, registryOptions } from './settings.ts';

type Around = Surroundings & { config: ClusterConfig };

/** For a broker to take an event over; a sender of ours waits for it. */
const brokerTimeoutMs = 10_000;

const openStores = ({ config, lifecycle }: Around): { sources: ObjectStore; temp: ObjectStore } => {
  const client = createS3Client({
    pathStyle: config.S3_PATH_STYLE,
    ...(config.S3_ENDPOINT === undefined ? {} : { endpoint: config.S3_ENDPOINT }),
    ...(config.S3_REGION === undefined ? {} : { region: config.S3_REGION }),
  });
  lifecycle.onClose('the object store', () => client.destroy());
  return {
    sources: createS3ObjectStore(client, { bucket: config.SOURCE_BUCKET }),
    temp: createS3ObjectStore(client, { bucket: config.TEMP_BUCKET }),
  };
};

const openPoster = ({ lifecycle }: Around): EventPoster => {
  const poster = createEventPoster({ userAgent: 'knative-lambda-builder', maxSockets: 50, maxAnswerBytes: 10 * 2 ** 20 });
  lifecycle.onClose('connections to brokers and functions', () => poster.close());
  return poster;
};

const openSinks = ({ config }: Around, poster: EventPoster): { events: EventSink; functionEvents: EventSink } => ({
  events: createHttpEventSink(poster, new URL(config.BROKER_URL), brokerTimeoutMs),
  functionEvents: createHttpEventSink(poster, new URL(config.FUNCTIONS_BROKER_URL), brokerTimeoutMs),
});

const openBuilds = (around: Around, client: KubernetesClient, events: EventSink): KubernetesImageBuilder => {
  const { config, lifecycle, logger, templates } = around;
  const images = createRegistry(registryOptions(config));
  const builds = createKubernetesImageBuilder(
    {
      client,
      findImage: (image) => images.findImage(image),
      completed: async (event) => {
        await events.publish(event);
      },
      baseImages: async (runtime) => (await templates(languageOf(runtime))).images[runtime] ?? {},
      logger,
    },
    {
      job: jobSettings(config),
      maxRunning: config.MAX_CONCURRENT_JOBS,
      maxQueued: config.MAX_QUEUED_JOBS,
      startsPerMinute: config.JOB_STARTS_PER_MINUTE,
      startsBurst: config.JOB_STARTS_BURST,
      sweepMs: config.SWEEP_SECONDS * 1000,
      now: Date.now,
    },
  );
  lifecycle.onClose('the builds', () => builds.close());
  return builds;
};

/** @param around what the adapters need of the process; its lifecycle closes them */
export const openAdapters = async (around: Around): Promise<BuilderAdapters> => {
  const { config, lifecycle } = around;
  const client = createKubernetesClient(config.KUBECONFIG === undefined ? {} : { kubeconfig: config.KUBECONFIG });
  lifecycle.onClose('the connection to Kubernetes', () => client.close());
  const poster = openPoster(around);
  const sinks = openSinks(around, poster);
  const builds = openBuilds(around, client, sinks.events);
  const { limiter, observed } = await openLimiter(around);
  const depth = async (part: 'queued' | 'running'): Promise<number> => (await builds.depth())?.[part] ?? 0;
  return {
    ...openStores(around),
    ...sinks,
    builds,
    functions: createKubernetesFunctionPlatform(
      { client, post: (url, event, timeoutMs, signal) => poster.post(url, event, timeoutMs, signal) },
      functionSettings(config),
    ),
    limiter,
    observed: {
      ...observed,
      ...(config.KUEUE_QUEUE === undefined ? { queued: () => depth('queued'), running: () => depth('running') } : {}),
    },
    onBuildEnded: (...end) => around.metrics.buildEnded(...end),
    builderOptions: { builder: 'kaniko', image: config.KANIKO_IMAGE },
  };
};
