import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { serviceError } from './apple-request-check.ts';
import { AppleService, noRules, questions, rulesSchema, type Question, type Rules } from './apple-service.ts';

/**
 * The provider at the other end of the spool: answers each request file with a file of the same name, then moves the
 * request to `taken/`. What it knows is gone when it ends. The rules file is read anew for every request, so that a
 * failure can be set and lifted while it runs; while it cannot be read, the last rules hold.
 *
 *   node demo/apple-simulator.ts --outbound DIR --inbound DIR [--rules FILE]
 */

/** Notices of the file system only shorten the wait: they can be lost. */
const scanMilliseconds = 250;

const { outbound, inbound, rulesFile } = readArguments();
const taken = join(outbound, 'taken');
const service = new AppleService({ now: () => new Date(), newId: randomUUID });
let rules = rulesFile === undefined ? noRules : await readRules(rulesFile);
const stop = new AbortController();
const stopping = () => stop.signal.aborted;
process.once('SIGTERM', () => stop.abort());
process.once('SIGINT', () => stop.abort());

await mkdir(taken, { recursive: true });
const watcher = watch(outbound);
console.log(`Apple simulator: takes requests from ${outbound}, answers into ${inbound}`);
while (!stopping()) {
  for (const name of await waitingRequests()) {
    await answer(name);
    if (stopping()) break;
  }
  await nextLook();
}
watcher.close();

function readArguments() {
  const { values } = parseArgs({
    options: { outbound: { type: 'string' }, inbound: { type: 'string' }, rules: { type: 'string' } },
  });
  if (values.outbound === undefined || values.inbound === undefined) {
    console.error('usage: apple-simulator.ts --outbound DIR --inbound DIR [--rules FILE]');
    process.exit(2);
  }
  return { outbound: values.outbound, inbound: values.inbound, rulesFile: values.rules };
}

function questionOf(name: string): Question | undefined {
  return questions.find((question) => name.startsWith(`${question}.`));
}

async function waitingRequests(): Promise<string[]> {
  const names = await readdir(outbound);
  return names.filter((name) => questionOf(name) !== undefined && name.endsWith('.json')).sort();
}

async function answer(name: string): Promise<void> {
  if (rulesFile !== undefined) await refreshRules(rulesFile);
  await publish(name, answerTo(name, await readFile(join(outbound, name), 'utf8')));
  await rename(join(outbound, name), join(taken, name));
  console.log(`answered ${name}`);
}

function answerTo(name: string, text: string): object {
  const question = questionOf(name);
  const document = parse(text);
  if (question === undefined || document === undefined) return service.bareError(serviceError('GRX-1000'));
  return service.answer(question, document, rules);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function readRules(file: string): Promise<Rules> {
  return rulesSchema.parse(JSON.parse(await readFile(file, 'utf8')));
}

async function refreshRules(file: string): Promise<void> {
  try {
    rules = await readRules(file);
  } catch (error) {
    console.error(`the last rules hold: ${String(error)}`);
  }
}

/** Whole or not at all: readers leave names alone that begin with a dot. */
async function publish(name: string, document: object): Promise<void> {
  const unfinished = join(inbound, `.${name}`);
  const file = await open(unfinished, 'w');
  try {
    await file.writeFile(JSON.stringify(document, undefined, 2));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, join(inbound, name));
}

async function nextLook(): Promise<void> {
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(scanMilliseconds)]);
  try {
    await once(watcher, 'change', { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
