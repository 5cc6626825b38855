// Reads a template's Dockerfile as far as its rules need it: stages, and the instructions in them.
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { templatesFolder } from './context-folder.ts';

export interface Instruction {
  readonly name: string;
  readonly text: string;
}

export interface Dockerfile {
  /** name and default of what may be set from outside */
  readonly parameters: Readonly<Record<string, string>>;
  /** instructions of each stage, its FROM first */
  readonly stages: readonly (readonly Instruction[])[];
}

function instructionsOf(text: string): Instruction[] {
  const lines = text
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const space = line.indexOf(' ');
      return { name: line.slice(0, space).toUpperCase(), text: line.slice(space + 1).trim() };
    });
}

export async function readDockerfile(language: string): Promise<Dockerfile> {
  const instructions = instructionsOf(await readFile(join(templatesFolder, language, 'Dockerfile'), 'utf8'));
  const first = instructions.findIndex(({ name }) => name === 'FROM');
  const parameters = instructions.slice(0, first).map(({ text }) => text.split('=', 2) as [string, string]);
  const stages: Instruction[][] = [];
  for (const instruction of instructions.slice(first)) {
    if (instruction.name === 'FROM') stages.push([]);
    stages.at(-1)?.push(instruction);
  }
  return { parameters: Object.fromEntries(parameters), stages };
}

export interface Copy {
  readonly from: string;
  readonly to: string;
}

/** What a stage takes from the build stage, as paths below /app. */
export function copiesFromBuild(stage: readonly Instruction[]): Copy[] {
  return stage
    .filter(({ name }) => name === 'COPY')
    .map(({ text }) => {
      const [from, to] = text.split(' ').filter((word) => !word.startsWith('--'));
      if (from === undefined || to === undefined || !from.startsWith('/app/')) throw new Error(`not understood: COPY ${text}`);
      // A file that is copied into a folder keeps its name.
      const target = to.endsWith('/') && !from.endsWith('/') ? join(to, basename(from)) : to;
      return { from: from.slice('/app/'.length), to: target };
    });
}
