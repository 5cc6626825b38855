import { cloudEvent } from '@google-cloud/functions-framework';

cloudEvent('handle', ({ data: { parameters } }) => ({ block: parameters.blockId, logs: parameters.logIndices.length }));
