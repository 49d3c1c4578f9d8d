import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** Other people's scripts and styles, served by ourselves from the packages they come in: no request leaves the host. */

export interface Vendored {
  /** With the version in it, so that browsers may keep it for good. */
  readonly path: string;
  readonly type: 'text/javascript; charset=utf-8' | 'text/css; charset=utf-8';
  readonly content: Buffer;
  /** What the browser compares the file with before it uses it. */
  readonly integrity: string;
}

/** These files and no others. */
export const vendored = {
  htmx: read('htmx.org', 'dist/htmx.min.js'),
  serverSentEvents: read('htmx-ext-sse', 'dist/sse.min.js'),
  plots: read('uplot', 'dist/uPlot.iife.min.js'),
  plotStyle: read('uplot', 'dist/uPlot.min.css'),
} as const satisfies Readonly<Record<string, Vendored>>;

function read(name: string, file: string): Vendored {
  const { version } = JSON.parse(fileOf(name, 'package.json').toString()) as { version: string };
  const content = fileOf(name, file);
  return {
    path: `/assets/vendor/${name}-${version}/${basename(file)}`,
    type: file.endsWith('.css') ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8',
    content,
    integrity: `sha384-${createHash('sha384').update(content).digest('base64')}`,
  };
}

function fileOf(name: string, file: string): Buffer {
  return readFileSync(new URL(import.meta.resolve(`${name}/${file}`)));
}
