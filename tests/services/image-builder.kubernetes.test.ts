// The ImageBuilder port on a real API server.
import { describe } from '@jest/globals';
import { describeImageBuilder } from '../contract/image-builder.ts';
import { openBuildSite } from './support/image-builder.ts';
import { findCluster } from './support/kubernetes.ts';
import { describeWith } from './support/service.ts';

describeWith(await findCluster(), 'the image builder as Kaniko Jobs', (cluster) => {
  describe('keeps the contract of ImageBuilder', () => {
    describeImageBuilder(async () => {
      const site = await openBuildSite(cluster);
      return {
        builder: site.replica(),
        // Its job and its pods are gone, and their logs with them.
        keepsEndedAttempts: false,
        request: (behaviour, fields) => Promise.resolve(site.request(behaviour, fields)),
        published: site.published,
        release: () => {
          site.release();
          return Promise.resolve();
        },
        processesOf: (buildId) => Promise.resolve(site.containersOf(buildId)),
        close: () => site.close(),
      };
    });
  });
});
