// What every build's job has in common: settings of the installation.
export type KanikoJobSettings = {
  namespace: string;
  /** By digest. */
  kanikoImage: string;
  /** The platform's own image. */
  monitorImage: string;
  serviceAccount: string;
  tempBucket: string;
  s3: { endpoint?: string; pathStyle: boolean; region?: string };
  /** Where layers are kept; by default beside the image (`<repository>/cache`). */
  cacheRepository?: string;
  registryPlainHttp: boolean;
  /** Names of Secrets in the build namespace: the registry's `.dockerconfigjson`, and environment for the object store. */
  registrySecret?: string;
  storageSecret?: string;
  /** Ingress of the broker that the monitor tells of the end. The pod's other container, with a tenant's code in it, reaches it too. */
  brokerUrl: string;
  deadlineSeconds: number;
  /** How long an ended job stays: longer than a completion may be on its way. */
  keepSeconds: number;
  kueueQueue?: string;
};
