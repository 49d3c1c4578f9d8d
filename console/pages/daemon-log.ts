import { join } from 'node:path';

import { daemonList } from '../daemon-list.ts';
import { html, type Html } from '../html.ts';
import { pathTo, withQuery } from '../links.ts';
import { isTrouble, readLogLine, type LogLine } from '../../shared/operator/log-line.ts';
import { followLog, placeOf, placeText, tailOf, type LogPart } from '../../shared/operator/log-tail.ts';
import type { Context, PageRequest, Stream, StreamMessage } from '../page.ts';
import { choiceLinks, status, time, type Kind } from '../parts.ts';
import type { Level } from '../../shared/runtime/events.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { logFolder } from '../../shared/runtime/paths.ts';
import type { Values } from '../values.ts';

/** The log of a daemon: its last lines, and where scripts run those that come. */

/** Of the last lines, as many as a page takes. */
const shownLines = 200;
const shown = ['all', 'trouble'] as const;
type Shown = (typeof shown)[number];

const logPath = '/daemons/:daemon/log-lines';

/** The lines that come, from a place in the file on. */
export const logStream: Stream = {
  path: logPath,
  role: 'viewer',
  open: (context, { params, query, after }, signal) => {
    const name = params.text('daemon');
    const file = logFile(context, name);
    if (file === undefined || !daemonList.some((daemon) => daemon.name === name)) {
      throw new Fault('NOT_FOUND', `there is no log of a daemon ${name} here`);
    }
    const from = placeOf(after ?? query.optional('after') ?? '');
    return Promise.resolve(messages(followLog(file, from, signal), shownOf(query)));
  },
};

async function* messages(parts: AsyncIterable<LogPart>, which: Shown): AsyncGenerator<StreamMessage> {
  for await (const part of parts) {
    const lines = linesOf(part, which);
    if (lines.length === 0 && !part.skipped) continue;
    const gap = part.skipped && html`<p class="quiet">Lines were left out here: there were too many.</p>`;
    yield { event: 'lines', content: html`${gap} ${lines.map(lineRow)}`, id: placeText(part.next) };
  }
}

/** The section of the daemon's page. */
export async function logSection(context: Context, name: string, request: PageRequest): Promise<Html> {
  const file = logFile(context, name);
  if (file === undefined) {
    return html`<p>
      The log goes to stdout only, where the service manager keeps it. With <code>log.folder</code> set, it
      can be read here.
    </p>`;
  }
  const which = shownOf(request.query);
  const part = await tailOf(file);
  const lines = part === undefined ? [] : linesOf(part, which).slice(-shownLines);
  const address = withQuery(pathTo(logPath, { daemon: name }), {
    ...queryOf(which),
    after: part && placeText(part.next),
  });
  return html`
    <div class="log-tools">
      ${filter(request.path, which)}
      <button type="button" class="plain" data-pause hidden>Pause</button>
      <span class="quiet" data-live role="status"></span>
    </div>
    <div class="log" role="log" aria-live="off" aria-label="Log lines, newest last" tabindex="0">
      <div hx-ext="sse" sse-connect="${address}" sse-swap="lines" sse-close="ended" hx-swap="beforeend">
        ${lines.length === 0 && html`<p class="empty">${nothing(part, which, file)}</p>`}
        ${lines.map(lineRow)}
      </div>
    </div>
  `;
}

const shownOf = (query: Values): Shown => query.optionalChoice('lines', shown) ?? 'all';
const queryOf = (which: Shown) => ({ lines: which === 'all' ? undefined : which });

const logFile = ({ loaded }: Context, name: string): string | undefined => {
  const folder = logFolder(loaded);
  return folder === undefined ? undefined : join(folder, `${name}.log`);
};

const linesOf = (part: LogPart, which: Shown): LogLine[] =>
  part.lines.map((line) => readLogLine(line)).filter((line) => which === 'all' || isTrouble(line));

const nothing = (part: LogPart | undefined, which: Shown, file: string): Html => {
  if (part === undefined) return html`There is no file <code>${file}</code> yet.`;
  if (which === 'all') return html`The log is empty.`;
  return html`There are no warnings or errors among the last lines.`;
};

const filterWords = { all: 'All lines', trouble: 'Warnings and errors' } as const;

const filter = (path: string, present: Shown): Html =>
  choiceLinks(
    'Which lines',
    shown.map((which) => ({
      title: filterWords[which],
      to: `${withQuery(path, queryOf(which))}#log`,
      chosen: which === present,
    })),
  );

const kinds: Readonly<Record<Level, Kind>> = { error: 'error', warn: 'warn', info: 'idle', debug: 'idle' };

/** In a few words; the whole line is behind it. */
function lineRow({ entry, whole }: LogLine): Html {
  if (entry === undefined) return html`<p class="stray">${whole}</p>`;
  return html`
    <details>
      <summary>
        ${time(entry.time)} ${status(kinds[entry.level], entry.level)} <b>${entry.event}</b>
        ${entry.fields.map(([name, value]) => html`<span><i>${name}</i> ${value}</span> `)}
      </summary>
      <pre>${whole}</pre>
    </details>
  `;
}
