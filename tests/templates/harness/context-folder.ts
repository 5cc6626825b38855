// Makes the folder that the builder would pack, from a template and a source, exactly as templates/README.md says.
import { cp, copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { temporaryFolder } from './leaks.ts';

export const templatesFolder = join(import.meta.dirname, '..', '..', '..', 'templates');

export interface Template {
  readonly language: string;
  readonly versions: readonly string[];
  readonly default: string;
  readonly extensions: readonly string[];
  readonly manifests: readonly string[];
  readonly start: readonly [string, ...string[]];
  readonly images: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** A source: a folder to copy, or the files themselves. */
export type Source = { readonly folder: string } | { readonly files: Readonly<Record<string, string>> };

export interface FunctionChoice {
  readonly runtime?: string;
  readonly entry?: string | null;
  readonly handler?: string | null;
}

export async function readTemplate(language: string): Promise<Template> {
  return JSON.parse(await readFile(join(templatesFolder, language, 'template.json'), 'utf8')) as Template;
}

async function writeSource(source: Source, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  if ('folder' in source) {
    await cp(source.folder, target, { recursive: true });
    return;
  }
  for (const [name, text] of Object.entries(source.files)) {
    await mkdir(dirname(join(target, name)), { recursive: true });
    await writeFile(join(target, name), text);
  }
}

async function copyManifests(template: Template, root: string): Promise<void> {
  const present: string[] = [];
  await mkdir(join(root, 'manifest'), { recursive: true });
  for (const name of template.manifests) {
    const found = await stat(join(root, 'function', name)).catch(() => undefined);
    if (found?.isFile() !== true) continue;
    await copyFile(join(root, 'function', name), join(root, 'manifest', name));
    present.push(name);
  }
  await writeFile(join(root, 'manifest', '.names'), present.map((name) => `${name}\n`).join(''));
}

/** @returns the unpacked build context; the caller removes it. */
export async function contextFolder(language: string, source: Source, choice: FunctionChoice = {}): Promise<string> {
  const template = await readTemplate(language);
  const root = await temporaryFolder(language);
  const from = join(templatesFolder, language);
  await copyFile(join(from, 'Dockerfile'), join(root, 'Dockerfile'));
  await cp(join(from, 'build'), join(root, 'build'), { recursive: true });
  await cp(join(from, 'wrapper'), join(root, 'wrapper'), { recursive: true });
  await writeSource(source, join(root, 'function'));
  await copyManifests(template, root);
  const { runtime = template.default, entry = null, handler = null } = choice;
  await writeFile(join(root, 'function.json'), JSON.stringify({ runtime, entry, handler }));
  return root;
}
