import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/**
 * Runs a program of test/support with one argument, and returns the reports that it writes, a line of JSON each.
 *
 * @throws Error with what it said when it does not end well
 */
export async function reportsOf<Report>(program: string, argument: unknown): Promise<Report[]> {
  const file = new URL(`../${program}`, import.meta.url).pathname;
  const child = spawn(process.execPath, [file, JSON.stringify(argument)], {
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const closed = once(child, 'close') as Promise<[number | null]>;
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const reports: Report[] = [];
  for await (const line of createInterface({ input: child.stdout })) reports.push(JSON.parse(line) as Report);
  const [code] = await closed;
  if (code !== 0) throw new Error(`${program} ended with ${code ?? 'a signal'}: ${stderr}`);
  return reports;
}

/** Deals things out to so many, one after the other. */
export const dealt = <T>(things: readonly T[], hands: number): T[][] =>
  Array.from({ length: hands }, (_, hand) => things.filter((_thing, index) => index % hands === hand));
