// A language's template as the builder packs it: read once per process, its version a hash of every byte that reaches the context.
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Language, Runtime } from '../core/source.ts';

export type TemplateFile = { path: string; mode: number; content: Buffer };
export type Template = {
  files: readonly TemplateFile[];
  version: string;
  /** Files at the root of a source that say what it depends on. */
  manifests: readonly string[];
  /** The Dockerfile's build arguments, by runtime. */
  images: Readonly<Partial<Record<Runtime, Readonly<Record<string, string>>>>>;
  /** How a function of this language is started, from the root of its image. */
  start: readonly string[];
};

type TemplateJson = Pick<Template, 'manifests' | 'images' | 'start'>;

const packed = ['Dockerfile', 'build', 'wrapper'];
/** What tools leave beside the files; none of it is part of a template. */
const ignored = /(^|\/)(__pycache__|node_modules|\.[^/]+)(\/|$)|\.(pyc|test\.\w+)$|_test\.go$/;

const filesBelow = async (folder: string, path: string): Promise<TemplateFile[]> => {
  const full = join(folder, path);
  const found = await stat(full);
  if (!found.isDirectory()) return [{ path, mode: found.mode & 0o100 ? 0o755 : 0o644, content: await readFile(full) }];
  const names = (await readdir(full)).map((name) => `${path}/${name}`).filter((name) => !ignored.test(name));
  return (await Promise.all(names.map((name) => filesBelow(folder, name)))).flat();
};

const read = async (folder: string): Promise<Template> => {
  const files = (await Promise.all(packed.map((name) => filesBelow(folder, name))))
    .flat()
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const hash = createHash('sha256');
  for (const { path, mode, content } of files) hash.update(`${path}\0${mode}\0${content.length}\0`).update(content);
  const { manifests, images, start } = JSON.parse(await readFile(join(folder, 'template.json'), 'utf8')) as TemplateJson;
  return { files, version: hash.digest('hex'), manifests, images, start };
};

export type Templates = (language: Language) => Promise<Template>;

/** @param folder holds one folder per language, see templates/README.md */
export const createTemplates = (folder: string): Templates => {
  const templates = new Map<Language, Promise<Template>>();
  return (language) => {
    const template = templates.get(language) ?? read(join(folder, language));
    templates.set(language, template);
    // A failed read is not remembered.
    template.catch(() => templates.delete(language));
    return template;
  };
};
