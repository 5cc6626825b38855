import { functionPlatformContract } from './function-platform.ts';
import { createLocalHarness } from './function-platform-local.ts';

functionPlatformContract('the local adapter', () => createLocalHarness());
