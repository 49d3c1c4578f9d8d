import type { Ended, TestInstallation } from '../support/installation.ts';

/** A process that takes longer has lost its way. */
const patienceSeconds = 60;
const preload = new URL('kill-at.ts', import.meta.url).href;

/** Environment of a process that listens to the fail-points: see kill-at.ts. */
export const listening = (variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  NODE_OPTIONS: `--import=${preload}`,
  ...variables,
});

export interface Outcome extends Ended {
  readonly signal: NodeJS.Signals | null;
}

/** Runs `enrol` to its end, which may be a violent one. @throws when it does not end */
export async function run(
  installation: TestInstallation,
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const program = installation.start(words, { env });
  const late = AbortSignal.timeout(patienceSeconds * 1000);
  late.addEventListener('abort', () => program.child.kill('SIGKILL'));
  const ended = await program.exit;
  if (late.aborted) throw new Error(`enrol ${words.join(' ')} did not end:\n${tail(ended)}`);
  return { ...ended, signal: program.child.signalCode };
}

/** Runs it to a peaceful end: done, or with something refused. @throws when it ends otherwise */
export async function runWell(
  installation: TestInstallation,
  words: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Outcome> {
  const ended = await run(installation, words, env);
  if ((ended.code !== 0 && ended.code !== 6) || ended.stderr !== '')
    throw new Error(
      `enrol ${words.join(' ')} ended with ${ended.code ?? ended.signal ?? ''}:\n${tail(ended)}`,
    );
  return ended;
}

/** The end of what it said. */
const tail = ({ stdout, stderr }: Ended): string => (stdout + stderr).slice(-2000);
