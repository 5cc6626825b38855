import { describe } from '@jest/globals';
import { describeImageBuilder } from './image-builder.ts';
import { createWorkshop } from './image-builder-local.ts';

describe('a local ImageBuilder', () => {
  describeImageBuilder(async () => {
    const workshop = await createWorkshop();
    const builder = await workshop.open();
    return {
      builder,
      keepsEndedAttempts: true,
      request: workshop.requestFor,
      published: workshop.published,
      release: workshop.release,
      // Of all builds: the suite runs one when it asks.
      processesOf: () => Promise.resolve(workshop.processes().length),
      close: workshop.close,
    };
  });
});
